# `make help` lists what there is.
SHELL := /bin/bash
PYTHON := .venv/bin/python
INVENTORY ?= inventory.py
LAB = $(PYTHON) -m lab
WHICH = --inventory $(INVENTORY) $(if $(RUN),--run $(RUN))

help:  # this list
	@grep -hE '^[a-z-]+:.*  # ' $(MAKEFILE_LIST) | sed -E 's/:.*  # /\t/' | expand -t 14

lab: setup-lab  # six hosts in three networks on this machine become one cluster
	$(LAB) up $(WHICH)
	$(LAB) deploy $(WHICH)
	$(LAB) verify $(WHICH) --wait 60

lab-down: .venv/ready  # take the lab down
	$(LAB) down $(WHICH)

deploy: .venv/ready  # the real hosts of inventory.py become one cluster
	.venv/bin/pyinfra $(INVENTORY) deploy.py

verify: .venv/ready  # measure the real cluster; reads only
	.venv/bin/pyinfra $(INVENTORY) verify.py

check: .venv/ready setup-tests  # format, lint, types, pure tests: a few minutes
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy bench cluster day_two engine facts lab local measure operations phases report tasks deploy.py verify.py config.py
	$(PYTHON) -m pytest -q -m "not lab and not browser"

page: .venv/ready  # the report page in Chromium, with screenshots in build/screenshots
	$(PYTHON) -m pytest -q -m browser tests/unit/report

test: setup-lab check page  # what CI runs: check, the report page, then the lab
	$(PYTHON) -m pytest -v -m "lab and not long" -x tests/lab

test-all: setup-lab check page  # everything, into docs/proof.md; takes hours, goes on where it was interrupted
	$(PYTHON) -m lab.prerequisites arm64
	$(PYTHON) -m pytest -v -p tests.proof -m lab tests/lab

conformance: setup-lab  # Kubernetes' own network and workload tests against a lab of the inventory; builds them first
	$(LAB) up $(WHICH)
	$(LAB) deploy $(WHICH)
	$(LAB) conformance $(WHICH)

bench: setup-lab  # measure how fast it is, beside plain pyinfra and the floor; about an hour, on an idle machine
	$(PYTHON) -m bench all --inventory $(INVENTORY) $(if $(RUN),--run $(RUN))

# Tests log in to servers of their own: the program is enough, so the service that would come with it is masked.
setup-tests:
	@test -x /usr/sbin/sshd || { mkdir -p /etc/systemd/system; ln -s /dev/null /etc/systemd/system/ssh.service; \
	  echo 'openssh-server is installed for the tests; ssh.service is masked, so that no server is started'; \
	  apt-get -q update; apt-get -q -y --no-install-recommends install openssh-server; }
	@command -v fish >/dev/null && command -v tcsh >/dev/null || { \
	  apt-get -q update; apt-get -q -y --no-install-recommends install fish tcsh; }

setup-lab: .venv/ready
	@$(PYTHON) -m lab.prerequisites

.venv/ready: requirements.txt requirements-dev.txt
	@python3 -c 'import ensurepip' 2>/dev/null || { apt-get -q update; apt-get -q -y install python3-venv; }
	python3 -m venv .venv
	.venv/bin/python -m pip install -q -r requirements-dev.txt
	@touch $@

.PHONY: help lab lab-down deploy verify bench check conformance page test test-all setup-lab setup-tests
