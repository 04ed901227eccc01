"""Write a kubeconfig with a short-lived certificate for one person. Needs --data user=NAME; takes role=, hours=."""

from day_two import kubeconfig

kubeconfig.write_kubeconfig()
