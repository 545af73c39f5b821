# What `make install`, `make install-strip` and `make uninstall` put where.
#
#   PREFIX, SBINDIR, LIBEXECDIR, MANDIR, DOCDIR, COMPLETIONSDIR, SYSCONFDIR, UNITDIR,
#   SYSUSERSDIR, DHCPCDDIR
#               the folders, absolute
#   RUNDIR      where the programs have their run directories; /var/run where there is
#               no /run
#   DESTDIR     before all of them, for packages
#   PROGRAMS    which programs, with what belongs to them: dtcp-up, dtcpd (its far end)
#   HOOKS       which hooks (hooks/README.md); when it is not given, those that this
#               machine has a use for (etc/install/find-hooks)
#   ACCOUNTS    where the example account file goes if there is none; empty: nowhere
#
# `make uninstall` removes each program and hook, whatever HOOKS and PROGRAMS were, and leaves
# what is an installation's with other folders (etc/install/is-ours).

SBINDIR = $(PREFIX)/sbin
LIBEXECDIR = $(PREFIX)/libexec
MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/dtcp-up
COMPLETIONSDIR = $(PREFIX)/share/bash-completion/completions
# Where /lib is a link to /usr/lib, packages have stopped to go by the link.
UNITDIR := $(shell [ ! /lib -ef /usr/lib ] || echo /usr)/lib/systemd/system
SYSUSERSDIR = /usr/lib/sysusers.d
DHCPCDDIR := $(firstword $(wildcard $(foreach dir,/usr/lib/dhcpcd /usr/libexec /lib/dhcpcd,\
	$(dir)/dhcpcd-hooks)) /usr/lib/dhcpcd/dhcpcd-hooks)
ACCOUNTS = $(SYSCONFDIR)/ppp/dtcp.conf
STRIP = strip

ALL_PROGRAMS = dtcp-up dtcpd
PROGRAMS = $(ALL_PROGRAMS)

# HOOK:WHY for each, looked for once, and only when they are asked for.
FOUND_HOOKS = $(eval FOUND_HOOKS := $$(shell etc/install/find-hooks '$(DESTDIR)' '$(SYSCONFDIR)'))$(FOUND_HOOKS)
HOOKS = $(if $(FOUND_HOOKS),$(foreach found,$(FOUND_HOOKS),$(firstword $(subst :, ,$(found)))),$(USUAL_HOOKS))
USUAL_HOOKS = pppd dhclient

# What belongs to each program and hook, beside the program: MODE:SOURCE:TARGET.
FILES-dtcp-up = \
	0644:src/dtcp-up.8:$(MANDIR)/man8/dtcp-up.8 \
	0644:src/dtcp.conf.5:$(MANDIR)/man5/dtcp.conf.5 \
	0644:etc/dtcp-up.bash-completion:$(COMPLETIONSDIR)/dtcp-up \
	0755:hooks/dtcp-up-hook:$(LIBEXECDIR)/dtcp-up-hook \
	0600:etc/dtcp.conf.example:$(DOCDIR)/dtcp.conf.example \
	$(foreach hook,$(HOOKS),$(FILES-$(hook)))
SERVER_EXAMPLES = dtcpd.nftables.example.nft dtcpd.sysctl.example.conf
FILES-dtcpd = \
	0644:src/dtcpd.8:$(MANDIR)/man8/dtcpd.8 \
	0644:src/dtcpd.conf.5:$(MANDIR)/man5/dtcpd.conf.5 \
	0644:etc/dtcpd.bash-completion:$(COMPLETIONSDIR)/dtcpd \
	0600:etc/dtcpd.conf.example:$(DOCDIR)/dtcpd.conf.example \
	$(if $(DTCPD_UNIT),$(FILES-dtcpd-systemd)) \
	$(foreach file,$(SERVER_EXAMPLES),0644:etc/$(file):$(DOCDIR)/$(file))
FILES-dtcpd-systemd = \
	0644:etc/dtcpd.service:$(UNITDIR)/dtcpd.service \
	0644:etc/dtcpd.sysusers.conf:$(SYSUSERSDIR)/dtcpd.conf
# A machine without systemd has no use for these; of the one that a package is for nothing
# is known.
DTCPD_UNIT = $(DESTDIR)$(filter systemd,$(HOOKS))$(filter systemd:%,$(FOUND_HOOKS))
# The READMEs, and what they link to.
EXAMPLES = dnsmasq.example.conf dtcp-event.example.sh nftables.example.nft radvd.conf.example
PAGES = trouble.md trouble.ja.md security.md security.ja.md
FILES-always = \
	$(foreach file,README.md README.ja.md CHANGES LICENSE,0644:$(file):$(DOCDIR)/$(file)) \
	$(foreach file,$(PAGES),0644:etc/doc/$(file):$(DOCDIR)/$(file)) \
	0644:hooks/README.md:$(DOCDIR)/hooks.md \
	$(foreach file,$(EXAMPLES),0644:etc/$(file):$(DOCDIR)/$(file))
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
FILES-dhclient-fedora = 0755:hooks/dhclient-fedora:$(SYSCONFDIR)/dhcp/dhclient.d/dtcp-up.sh
FILES-dhcpcd = 0644:hooks/dhcpcd:$(DHCPCDDIR)/60-dtcp-up
FILES-udhcpc = 0755:hooks/udhcpc:$(SYSCONFDIR)/udhcpc/dtcp-up.script
FILES-networkmanager = $(foreach name,90-dtcp-up pre-down.d/90-dtcp-up,\
	0755:hooks/networkmanager-dispatcher:$(SYSCONFDIR)/NetworkManager/dispatcher.d/$(name))
FILES-networkd = $(foreach name,routable.d/dtcp-up off.d/dtcp-up,\
	0755:hooks/networkd-dispatcher:$(SYSCONFDIR)/networkd-dispatcher/$(name))
FILES-ifupdown = $(foreach name,if-up.d/dtcp-up if-down.d/dtcp-up,\
	0755:hooks/ifupdown:$(SYSCONFDIR)/network/$(name))
FILES-openwrt = \
	0644:hooks/openwrt-hotplug:$(SYSCONFDIR)/hotplug.d/iface/90-dtcp-up \
	0755:hooks/openwrt-proto.sh:/lib/netifd/proto/dtcp.sh \
	0755:hooks/openwrt-proto-event.sh:/lib/netifd/dtcp-event
FILES-systemd = \
	0644:etc/dtcp-up.service:$(UNITDIR)/dtcp-up.service \
	0644:etc/dtcp-up@.service:$(UNITDIR)/dtcp-up@.service \
	0644:etc/dtcp-up.sysusers.conf:$(SYSUSERSDIR)/dtcp-up.conf
ALL_HOOKS = pppd pppd-arch pppd-fedora dhclient dhclient-fedora dhcpcd udhcpc networkmanager \
	networkd ifupdown openwrt systemd

# The paths go into shell scripts and manual pages as they are.
DIRS = $(SBINDIR) $(LIBEXECDIR) $(MANDIR) $(DOCDIR) $(COMPLETIONSDIR) $(SYSCONFDIR) \
	$(UNITDIR) $(SYSUSERSDIR) $(DHCPCDDIR) $(ACCOUNTS) $(RUNDIR)
FILL = sed -i -e 's|/etc/ppp/dtcp\.conf|@SYSCONFDIR@/ppp/dtcp.conf|g' \
	-e 's|/etc/dtcpd\.conf|@SYSCONFDIR@/dtcpd.conf|g' \
	-e 's|`/usr/local/sbin`|`@SBINDIR@`|g' \
	-e 's|/usr/local/libexec/dtcp-up-hook|@LIBEXECDIR@/dtcp-up-hook|g' \
	-e 's|`LIBEXECDIR/|`@LIBEXECDIR@/|g' -e 's|`UNITDIR/|`$(UNITDIR)/|g' \
	-e 's|`SYSUSERSDIR/|`$(SYSUSERSDIR)/|g' \
	-e 's|@SBINDIR@|$(SBINDIR)|g' -e 's|@LIBEXECDIR@|$(LIBEXECDIR)|g' \
	-e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g' -e 's|@VERSION@|$(VERSION)|g' \
	-e 's|\([ =]\)/run/dtcp|\1$(RUNDIR)/dtcp|g' $(FILL_LINKS)
# The pages lie in one folder then, and those about the source stay with it.
FILL_LINKS = -e 's|\[\([^]]*\)\](tests/[^)]*)|\1|g' -e 's|\[\([^]]*\)\](CONTRIBUTING\.md)|\1|g' \
	-e 's|](\(\.\./\)*hooks/README\.md)|](hooks.md)|g' -e 's|](etc/\(doc/\)*|](|g' \
	-e 's|`etc/\([^`/]*\.example\)|`\1|g'
# Fedora has room for one script, which may be the user's own, and call our hook besides. Ours
# have had this comment in every version.
NOT_OURS = case $$target in *.local) [ -e "$$target" ] && ! grep -q '^\# pppd: the link is ' "$$target" ;; \
	*) false ;; esac
# What it has to call then, with the arguments that pppd gives it.
HOOK_CALL = $(LIBEXECDIR)/dtcp-up-hook $$(case $$target in \
	*ip-up.local) echo 'up "$$1" "$$4"' ;; *) echo 'down "$$1"' ;; esac)

check-install:
	@for dir in $(foreach dir,$(DIRS),'$(dir)'); do case $$dir in \
		[!/]* | *[!A-Za-z0-9/._+~@%=-]*) \
			echo "install: '$$dir' is no absolute path of letters, digits and ._+~@%=-" >&2; \
			exit 1 ;; \
	esac; done
	@for hook in $(foreach hook,$(filter-out $(ALL_HOOKS),$(HOOKS)),'$(hook)'); do \
		echo "install: HOOKS: there is no '$$hook', but: $(ALL_HOOKS)" >&2; exit 1; \
	done
	@for program in $(foreach program,$(filter-out $(ALL_PROGRAMS),$(PROGRAMS)),'$(program)'); do \
		echo "install: PROGRAMS: there is no '$$program', but: $(ALL_PROGRAMS)" >&2; exit 1; \
	done

open = (
close = )

install: check-install $(PROGRAMS:%=$(BUILD)/%)
	@set -e; for program in $(PROGRAMS); do \
		echo "$(INSTALL) -D -m 0755 $(BUILD)/$$program $(DESTDIR)$(SBINDIR)/$$program"; \
		$(INSTALL) -D -m 0755 "$(BUILD)/$$program" "$(DESTDIR)$(SBINDIR)/$$program"; \
	done
	@set -e; for file in $(FILES-always) $(foreach program,$(PROGRAMS),$(FILES-$(program))); do \
		mode=$${file%%:*} source=$${file#*:}; \
		target='$(DESTDIR)'$${source#*:} source=$${source%%:*}; \
		if $(NOT_OURS); then \
			echo "install: $$target is not ours and stays: call from it: $(HOOK_CALL)" >&2; \
			continue; \
		fi; \
		echo "$(INSTALL) -D -m $$mode $$source $$target"; \
		$(INSTALL) -D -m $$mode $$source "$$target"; \
		$(FILL) "$$target"; \
	done
ifneq ($(filter dtcp-up,$(PROGRAMS)),)
ifneq ($(ACCOUNTS),)
	@if [ -e '$(DESTDIR)$(ACCOUNTS)' ] || [ -L '$(DESTDIR)$(ACCOUNTS)' ]; then \
		echo 'install: $(DESTDIR)$(ACCOUNTS) is there and stays as it is'; \
	else \
		echo '$(INSTALL) -D -m 0600 $(DESTDIR)$(DOCDIR)/dtcp.conf.example $(DESTDIR)$(ACCOUNTS)'; \
		$(INSTALL) -D -m 0600 '$(DESTDIR)$(DOCDIR)/dtcp.conf.example' '$(DESTDIR)$(ACCOUNTS)'; \
	fi
endif
endif
ifeq ($(DESTDIR),)
	@etc/install/make-users $(PROGRAMS)
	@etc/install/reload-units $(PROGRAMS)
endif
# Last, where it is seen. With HOOKS given there is nothing to say of them, nor where dtcpd
# alone is installed, which has none.
ifeq ($(filter dtcp-up,$(PROGRAMS)),)
	@echo 'install: next: users in $(DESTDIR)$(SYSCONFDIR)/dtcpd.conf (mode 600), and dtcpd --check'
else ifeq ($(origin HOOKS),file)
	@echo 'install: $(if $(FOUND_HOOKS),found here $(foreach found,$(FOUND_HOOKS),$(subst :, $(open),$(found))$(close)),nothing found here that would run a hook: $(USUAL_HOOKS)); HOOKS="..." chooses others'
endif
ifneq ($(filter dtcp-up,$(PROGRAMS)),)
ifneq ($(ACCOUNTS),)
	@echo 'install: next: an account in $(DESTDIR)$(ACCOUNTS), and dtcp-up --check'
endif
endif

install-strip: install
	$(STRIP) $(PROGRAMS:%='$(DESTDIR)$(SBINDIR)/%')

# Whatever was said to `make`: a target's own value is less than what the command line gives.
uninstall: override HOOKS = $(ALL_HOOKS)
uninstall: override PROGRAMS = $(ALL_PROGRAMS)
uninstall: check-install
ifeq ($(DESTDIR),)
	@etc/install/end-running '$(SBINDIR)' '$(RUNDIR)/dtcpd' '$(RUNDIR)/dtcp-up'
endif
	@# An account file that nobody has written to is ours.
	@if cmp -s '$(DESTDIR)$(DOCDIR)/dtcp.conf.example' '$(DESTDIR)$(ACCOUNTS)'; then \
		echo 'rm -f $(DESTDIR)$(ACCOUNTS)'; \
		rm -f '$(DESTDIR)$(ACCOUNTS)'; \
	fi
	rm -f $(ALL_PROGRAMS:%='$(DESTDIR)$(SBINDIR)/%')
	@udhcpc=; for file in $(FILES-always) $(foreach program,$(ALL_PROGRAMS),$(FILES-$(program))); do \
		target='$(DESTDIR)'$${file##*:}; \
		if [ ! -e "$$target" ] || $(NOT_OURS); then continue; fi; \
		source=$${file#*:}; \
		if ! etc/install/is-ours '$(DESTDIR)' "$${source%%:*}" "$${file##*:}" '$(SBINDIR)' '$(LIBEXECDIR)' '$(UNITDIR)'; then \
			echo "uninstall: $$target is another installation's and stays"; \
			continue; \
		fi; \
		echo "rm -f $$target"; \
		rm -f "$$target" || exit; \
		case $$file in *:hooks/udhcpc:*) udhcpc=$${file##*:} ;; esac; \
	done; \
	rmdir '$(DESTDIR)$(DOCDIR)' 2>/dev/null; \
	etc/install/say-left '$(DESTDIR)' '$(SYSCONFDIR)' '$(ACCOUNTS)' '$(LIBEXECDIR)' '$(RUNDIR)' "$$udhcpc"

.PHONY: check-install install install-strip uninstall
