"""The phases of deploy.py, one module for each."""
