"""What is declared, and all that follows from it: plain Python, no pyinfra, no input or output."""
