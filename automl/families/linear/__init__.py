"""Linear and logistic models with L2, L1 or elastic-net penalties."""
