"""TabM: many small members that share almost all of their weights, trained as one."""
