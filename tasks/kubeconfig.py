"""Let a person in: a kubeconfig with a short-lived certificate of its own. Needs --data user=NAME; takes role= and hours=."""

from day_two import kubeconfig

kubeconfig.let_in()
