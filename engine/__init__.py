"""Every hold on pyinfra: the checked inventory, the command line, connections, the order of operations, waiting, the fact cache."""
