# `make` alone lists what there is to do. The steps themselves are in scripts/.

SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help run web test chaos check bench bench-all bench-growth bench-crowd bench-nodes
# Two measurements at the same time would measure each other.
.NOTPARALLEL:

help: ## list these targets
	@echo "SmileChat: make <target>"
	@sed -n 's/^\([a-z-]*\):[a-z -]* ## /\1\t/p' Makefile | expand -t 14 | sed 's/^/  /'

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

bench: ## the server beside a Node peer on SQLite and PostgreSQL, in one run of eight minutes after the builds; writes docs/PERFORMANCE.md
	@scripts/bench --limits --database both --write docs/PERFORMANCE.md

bench-all: bench bench-growth bench-crowd bench-nodes ## all measurements, one after the other; half an hour after the builds, and root for the last; each writes docs/PERFORMANCE.md

bench-growth: ## the same requests on desks of up to ten million messages (SQLite) and a hundred thousand (PostgreSQL)
	@scripts/bench --growth 1000,100000,10000000 --write docs/PERFORMANCE.md
	@scripts/bench --growth 1000,100000 --database postgres --write docs/PERFORMANCE.md

bench-crowd: ## a conversation and a list beside up to ten thousand idle sockets
	@scripts/bench --crowd 100,1000,10000 --write docs/PERFORMANCE.md

bench-nodes: ## one, two and three nodes on one PostgreSQL and Redis; needs root, for the nodes' shares of a core
	@scripts/bench --nodes 1,2,3 --write docs/PERFORMANCE.md
