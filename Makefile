# dtcp-up: brings up an IPv6-in-IPv4 tunnel that a DTCP server hands out.
#
#   make            build/dtcp-up
#   make demo       a link up, IPv6 through it, a redial, a link down, in a kernel of its own
#   make check      every test
#   make install    PREFIX, SBINDIR, SYSCONFDIR, MANDIR, LIBEXECDIR, DESTDIR, HOOKS

VERSION = 1.0.0

PREFIX = /usr/local
SBINDIR = $(PREFIX)/sbin
LIBEXECDIR = $(PREFIX)/libexec
MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/dtcp-up
COMPLETIONSDIR = $(PREFIX)/share/bash-completion/completions
SYSCONFDIR = /etc
UNITDIR = /lib/systemd/system
DESTDIR =
HOOKS = pppd dhclient

BUILD = build
CC = cc
INSTALL = install
CFLAGS = -Os -g
LDFLAGS =

# What the program needs whatever CFLAGS and LDFLAGS are; hardening can be
# switched off with HARDEN= where a compiler lacks it.
WARN = -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
# Unwind tables are for C++ exceptions; debuggers have their own.
HARDEN = -fno-asynchronous-unwind-tables -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	-D_FORTIFY_SOURCE=2 -fPIE
HARDEN_LD = -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
DEFS = -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"'
COMPILE = $(CC) $(DEFS) $(WARN) $(HARDEN) $(CPPFLAGS) $(CFLAGS) -MMD -MP

SOURCES = $(wildcard src/*.c)
OBJECTS = $(SOURCES:src/%.c=$(BUILD)/obj/%.o)

all: $(BUILD)/dtcp-up

$(BUILD)/dtcp-up: $(OBJECTS)
	$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $(OBJECTS) $(LDLIBS)

$(BUILD)/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

clean:
	rm -rf $(BUILD)

.PHONY: all clean
-include $(OBJECTS:.o=.d)

# Tests, fuzzers, benchmarks: each folder of tests/ says how it is built.
-include $(wildcard tests/*/*.mk)
