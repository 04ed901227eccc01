"""The day-2 tasks: a module for each file in tasks/, under the same name."""
