# Every verb of the project. `make` alone prints this list; knobs are in .env.example, and may be given here:
# make up PORT=9000
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
PY := .venv/bin/python
STACK := @python3 scripts/stack
# What differs by database and by a real Redis.
ON_STORES := tests/live tests/jobs tests/files tests/people tests/rooms tests/commentary tests/dashboard tests/web

.PHONY: help setup run test test-sqlite test-postgres test-tools check lock fmt build up down ps logs shell migrate admin scale roll tls base-images screenshots drill storm bench bench-jobs clean images render deploy k8s-check

help:
	@awk 'BEGIN { FS = ":.*## " } \
		/^## / { printf "\n%s\n", substr($$0, 4) } \
		/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## Develop
setup: ## make .venv with the locked packages; again only when the lock changes
	@scripts/setup
run: setup ## the whole site in one process: SQLite, no Redis, reloads by itself
	@$(PY) manage.py run
test: setup test-tools ## run the tests, on SQLite and on Postgres with Redis (ARGS="tests/live -k resume")
	@$(MAKE) test-sqlite test-postgres
	@$(if $(ARGS),,scripts/test-containers)
test-sqlite:
	@TEST_STORES=sqlite $(PY) -m pytest $(ARGS)
test-postgres:
	@TEST_STORES=postgres $(PY) -m pytest $(or $(ARGS),$(ON_STORES))
check: setup ## everything but the tests: style, floors, migrations, deployment, locks, images, manifests
	@scripts/check
fmt: setup ## format the Python code
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m ruff format --quiet .
lock: setup ## write the lock files anew after a change in pyproject.toml
	@scripts/lock
screenshots: setup ## take pictures of the pages
	@$(PY) scripts/screenshots.py
test-tools:
	@python3 scripts/stack/testtools.py

## Run the stack (MODE=containers or native; PORT=8080)
up: ## start everything and wait until it is healthy (WS=3, TLS_CERT=… TLS_KEY=…)
	$(STACK) up
down: ## stop it; nothing is lost
	$(STACK) down
ps: ## what runs, and how it is
	$(STACK) ps
logs: ## the log (S=ws for one service)
	$(STACK) logs $(S)
scale: ## change the number of ws processes (WS=3)
	$(STACK) scale "$(WS)"
roll: ## replace ws, worker and web one process after the other, unnoticed (S=ws for one, also nginx)
	$(STACK) roll $(S)
drill: setup ## hurt the running stack under load, and see that no page misses anything (SECONDS=60 SEED=7; K8S=1: in the cluster)
	@$(PY) -m bench.drill
storm: setup ## react to one update of the running stack, many at once, and see what that costs (READERS=500 RATE=300 SECONDS=30)
	@$(PY) -m bench.storm
bench: setup ## measure fan-out beside Channels' tutorial, Socket.IO, nchan and C (SYSTEMS=… FIGURES=… CLIENTS=1000 ROUNDS=5 SECONDS=2 STORE=sqlite)
	@$(PY) -m bench.fanout
bench-jobs: setup ## measure jobs beside procrastinate and Celery, on stores of its own (ROUNDS=5 JOBS=1000 OUT=bench/results)
	@$(PY) -m bench.jobs
admin: ## make an operator, who signs in at /admin/
	$(STACK) admin
shell: ## a Python shell inside the stack
	$(STACK) shell
migrate: ## bring the database up to date (`make up` does it too)
	$(STACK) migrate
tls: ## make a certificate for local use
	@scripts/tls

## Kubernetes (docs/kubernetes.md)
images: ## build the images, and push them (push=registry.example.org/team) or say how to load them
	@python3 scripts/k8s images
render: ## print the manifests of an overlay (O=local, O=production, or a path of your own)
	@python3 scripts/k8s render
deploy: ## apply them to the cluster that kubectl means, wait until it serves, say where (O=…)
	@python3 scripts/k8s deploy
k8s-check: setup ## hold the manifests against several versions of Kubernetes, compose.yaml and the code
	@$(PY) -m pytest -q --no-header tests/manifests/test_k8s_valid.py tests/manifests/test_k8s_hardened.py \
		tests/manifests/test_k8s_agrees_with_compose.py tests/manifests/test_k8s_goes_quietly.py \
		tests/manifests/test_k8s_network.py

## Make and unmake
build: ## build the images
	$(STACK) build
base-images: ## where no registry answers: make the images that ours are built on
	@scripts/base-images
clean: ## remove what can be made again (CONFIRM=1: all data and secrets too)
	$(STACK) clean
