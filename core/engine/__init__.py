"""Does the plan: the recipe of one node, the scheduler, the worker process, the journal."""
