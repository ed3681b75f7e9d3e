"""The search: plan → prepare → ask → evaluate. Whatever the queue, these are the verbs."""
