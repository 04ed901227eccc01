"""What is done to a cluster after its first day: a module for each task, under the task's name."""
