# The READMEs' commands, as they are printed. Load it after lab.
# shellcheck shell=bash

# block NUMBER: the NUMBERth block of commands of README.md, of those that are the same
# in both languages (docs.bats).
block() { awk -v n="$1" '/^```sh/ { i++; on = 1; next } /^```/ { on = 0 } on && i == n' "$LAB_PROJECT/README.md"; }

# instead NAME: what must not run here does nothing but note what it is told.
instead() {
	mkdir -p /run/lab/bin
	printf '#!/bin/sh\necho "%s $*" >>/run/lab/told\n' "$1" >"/run/lab/bin/$1"
	chmod 755 "/run/lab/bin/$1"
}
