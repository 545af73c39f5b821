# What the tests that run programs of `make unit` share. shellcheck shell=bash

load ../where

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${BUILD:-$project/build}
# For one case, in seconds: nothing here waits for long, but a processor may be
# slow and busy. Used by who loads this file.
# shellcheck disable=SC2034
limit=300

# built TARGET...: makes what is to be tested. Files run side by side, and one
# make is enough.
built() {
	mkdir -p "$build"
	flock "$build/.unit-lock" timeout 1200 make -s -C "$project" "$@" 3>&- >&2
}
