# `make` alone lists what there is to do. The steps themselves are in scripts/.

SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help run web test chaos check bench

help: ## list these targets
	@echo "SmileChat: make <target>"
	@sed -n 's/^\([a-z]*\): ## /\1\t/p' Makefile | expand -t 10 | sed 's/^/  /'

run: ## build, seed the demo data and serve; open http://localhost:3100/demo (PORT=… for another port)
	@scripts/run

web: ## build the pages: widget, console, demo shop (needs Node 20)
	@scripts/build-web

test: ## install what the tests need, then run them all: the pages, Rust, Socket.IO clients, kill -9
	@scripts/setup-tests
	@scripts/test

chaos: ## the long forms of what is promised when things break, with a report; over an hour, needs root for some
	@scripts/setup-tests
	@scripts/chaos

check: ## formatting, lints, types, the architecture, and the dependencies' licences and origins
	@scripts/check

bench: ## the server beside a Node peer on SQLite and PostgreSQL, in one run of six minutes after the builds; writes docs/PERFORMANCE.md
	@scripts/bench --limits --database both --write docs/PERFORMANCE.md
