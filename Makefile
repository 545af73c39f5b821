# dtcp-up: brings up an IPv6-in-IPv4 tunnel that a DTCP server hands out.
#
#   make            build/dtcp-up
#   make demo       a link up, IPv6 through it, a redial, a link down, in a kernel of its own
#   make check      every test
#   make deps       installs what building and testing need (as root, on Debian)
#   make install    PREFIX, SBINDIR, SYSCONFDIR, MANDIR, LIBEXECDIR, DESTDIR, HOOKS
#   make uninstall  the same again, without HOOKS: each hook is removed
#   make deb        a Debian package; others: etc/packaging/packaging.mk

VERSION = 1.0.0

PREFIX = /usr/local
SBINDIR = $(PREFIX)/sbin
LIBEXECDIR = $(PREFIX)/libexec
MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/dtcp-up
COMPLETIONSDIR = $(PREFIX)/share/bash-completion/completions
SYSCONFDIR = /etc
UNITDIR = /lib/systemd/system
SYSUSERSDIR = /usr/lib/sysusers.d
DHCPCDDIR = /usr/lib/dhcpcd/dhcpcd-hooks
DESTDIR =
HOOKS = pppd dhclient

BUILD = build
CC = cc
INSTALL = install
CFLAGS = $(if $(SMALL),-Oz,-Os) -g
LDFLAGS =

# What the program needs whatever CFLAGS and LDFLAGS are; hardening can be
# switched off with HARDEN= where a compiler lacks it.
WARN = -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
# Unwind tables are for C++ exceptions; debuggers have their own.
HARDEN = -fno-asynchronous-unwind-tables -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	-D_FORTIFY_SOURCE=2 -fPIE
HARDEN_LD = -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
# What makes the program smaller, where compiler and linker know all of it.
SMALL_FLAGS = -flto -flto-partition=one -fno-plt -Wl,-z,noseparate-code
SMALL := $(shell echo 'int main(void) { return 0; }' | \
	$(CC) -Oz $(SMALL_FLAGS) -x c -o /dev/null - 2>/dev/null && echo '$(SMALL_FLAGS)')
DEFS = -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"'
COMPILE = $(CC) $(DEFS) $(WARN) $(HARDEN) $(CPPFLAGS) $(CFLAGS) -MMD -MP

SOURCES = $(wildcard src/*.c)
OBJECTS = $(SOURCES:src/%.c=$(BUILD)/obj/%.o)

all: $(BUILD)/dtcp-up

$(BUILD)/dtcp-up: $(OBJECTS)
	$(CC) $(HARDEN) $(CFLAGS) $(SMALL) $(HARDEN_LD) $(LDFLAGS) -o $@ $(OBJECTS) $(LDLIBS)

$(BUILD)/obj/%.o: src/%.c Makefile $(BUILD)/sysconfdir
	@mkdir -p $(@D)
	$(COMPILE) $(SMALL) -c -o $@ $<

# Another SYSCONFDIR than at the last build is a reason to build anew.
$(BUILD)/sysconfdir: FORCE
	@mkdir -p $(@D)
	@echo '$(SYSCONFDIR)' | cmp -s - $@ || echo '$(SYSCONFDIR)' >$@

clean:
	rm -rf $(BUILD)

# What is installed, beside the program: mode:source:target. Hooks by the names
# of HOOKS; where each goes is explained in hooks/README.md.
EXAMPLES = dnsmasq.example.conf dtcp-event.example.sh nftables.example.nft radvd.conf.example
FILES = \
	0644:src/dtcp-up.8:$(MANDIR)/man8/dtcp-up.8 \
	0644:src/dtcp.conf.5:$(MANDIR)/man5/dtcp.conf.5 \
	0644:etc/dtcp-up.bash-completion:$(COMPLETIONSDIR)/dtcp-up \
	0755:hooks/dtcp-up-hook:$(LIBEXECDIR)/dtcp-up-hook \
	0600:etc/dtcp.conf.example:$(DOCDIR)/dtcp.conf.example \
	$(foreach file,$(EXAMPLES),0644:etc/$(file):$(DOCDIR)/$(file)) \
	$(foreach file,README.md README.ja.md CHANGES LICENSE,0644:$(file):$(DOCDIR)/$(file))
FILES-pppd = \
	0755:hooks/pppd-ip-up:$(SYSCONFDIR)/ppp/ip-up.d/dtcp-up \
	0755:hooks/pppd-ip-down:$(SYSCONFDIR)/ppp/ip-down.d/dtcp-up
FILES-pppd-arch = \
	0755:hooks/pppd-ip-up:$(SYSCONFDIR)/ppp/ip-up.d/dtcp-up.sh \
	0755:hooks/pppd-ip-down:$(SYSCONFDIR)/ppp/ip-down.d/dtcp-up.sh
FILES-pppd-fedora = \
	0755:hooks/pppd-ip-up:$(SYSCONFDIR)/ppp/ip-up.local \
	0755:hooks/pppd-ip-down:$(SYSCONFDIR)/ppp/ip-down.local
FILES-dhclient = \
	0644:hooks/dhclient-enter:$(SYSCONFDIR)/dhcp/dhclient-enter-hooks.d/dtcp-up \
	0644:hooks/dhclient-exit:$(SYSCONFDIR)/dhcp/dhclient-exit-hooks.d/dtcp-up
FILES-dhcpcd = 0644:hooks/dhcpcd:$(DHCPCDDIR)/60-dtcp-up
FILES-udhcpc = 0755:hooks/udhcpc:$(SYSCONFDIR)/udhcpc/dtcp-up.script
FILES-networkmanager = $(foreach name,90-dtcp-up pre-down.d/90-dtcp-up,\
	0755:hooks/networkmanager-dispatcher:$(SYSCONFDIR)/NetworkManager/dispatcher.d/$(name))
FILES-networkd = $(foreach name,routable.d/dtcp-up off.d/dtcp-up,\
	0755:hooks/networkd-dispatcher:$(SYSCONFDIR)/networkd-dispatcher/$(name))
FILES-ifupdown = $(foreach name,if-up.d/dtcp-up if-down.d/dtcp-up,\
	0755:hooks/ifupdown:$(SYSCONFDIR)/network/$(name))
FILES-openwrt = 0644:hooks/openwrt-hotplug:$(SYSCONFDIR)/hotplug.d/iface/90-dtcp-up
FILES-systemd = \
	0644:etc/dtcp-up@.service:$(UNITDIR)/dtcp-up@.service \
	0644:etc/dtcp-up.sysusers.conf:$(SYSUSERSDIR)/dtcp-up.conf
ALL_HOOKS = pppd pppd-arch pppd-fedora dhclient dhcpcd udhcpc networkmanager \
	networkd ifupdown openwrt systemd

# The paths go into shell scripts and manual pages as they are.
DIRS = $(SBINDIR) $(LIBEXECDIR) $(MANDIR) $(DOCDIR) $(COMPLETIONSDIR) $(SYSCONFDIR) \
	$(UNITDIR) $(SYSUSERSDIR) $(DHCPCDDIR)
FILL = sed -i -e 's|/etc/ppp/dtcp\.conf|@SYSCONFDIR@/ppp/dtcp.conf|g' \
	-e 's|@SBINDIR@|$(SBINDIR)|g' -e 's|@LIBEXECDIR@|$(LIBEXECDIR)|g' \
	-e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' -e 's|@VERSION@|$(VERSION)|g'
# Fedora has room for one script, which may be the user's own.
NOT_OURS = case $$target in *.local) [ -e "$$target" ] && ! grep -q dtcp-up-hook "$$target" ;; \
	*) false ;; esac

check-install:
	@for dir in $(foreach dir,$(DIRS),'$(dir)'); do case $$dir in \
		[!/]* | *[!A-Za-z0-9/._+~@%=-]*) \
			echo "install: '$$dir' is no absolute path of letters, digits and ._+~@%=-" >&2; \
			exit 1 ;; \
	esac; done
	@for hook in $(foreach hook,$(filter-out $(ALL_HOOKS),$(HOOKS)),'$(hook)'); do \
		echo "install: HOOKS: there is no '$$hook', but: $(ALL_HOOKS)" >&2; exit 1; \
	done

install: $(BUILD)/dtcp-up check-install
	$(INSTALL) -D -m 0755 $(BUILD)/dtcp-up '$(DESTDIR)$(SBINDIR)/dtcp-up'
	@set -e; for file in $(FILES) $(foreach hook,$(HOOKS),$(FILES-$(hook))); do \
		mode=$${file%%:*} source=$${file#*:}; \
		target='$(DESTDIR)'$${source#*:} source=$${source%%:*}; \
		if $(NOT_OURS); then \
			echo "install: $$target is not ours and stays: call our $$source from it" >&2; \
			continue; \
		fi; \
		echo "$(INSTALL) -D -m $$mode $$source $$target"; \
		$(INSTALL) -D -m $$mode $$source "$$target"; \
		$(FILL) "$$target"; \
	done

uninstall: check-install
	rm -f '$(DESTDIR)$(SBINDIR)/dtcp-up'
	@for file in $(FILES) $(foreach hook,$(ALL_HOOKS),$(FILES-$(hook))); do \
		target='$(DESTDIR)'$${file##*:}; \
		if [ ! -e "$$target" ] || $(NOT_OURS); then continue; fi; \
		echo "rm -f $$target"; \
		rm -f "$$target" || exit; \
	done
	@rmdir '$(DESTDIR)$(DOCDIR)' 2>/dev/null || :

# The order matters: without `deps` there may be no compiler yet.
deps:
	tests/deps.sh
	tests/lab/fetch-kernel

demo: deps
	$(MAKE) all
	tests/demo/demo

check: deps
	$(MAKE) -j "$$(nproc)" all test-programs
	tests/run

# What tests need built; folders of tests/ add to it.
test-programs:

FORCE:
.PHONY: all clean check-install install uninstall deps demo check test-programs FORCE
-include $(OBJECTS:.o=.d)

# Tests, fuzzers, benchmarks: each folder of tests/ says how it is built.
-include $(wildcard tests/*/*.mk)
-include etc/packaging/packaging.mk
