# Packages, built from the archive that `make dist` makes, unpacked under build/, so that
# the folder of the sources keeps its shape. The version is that of the Makefile.
#
#   make deb          build/deb/: a package of dtcp-up and one of dtcpd, and their source
#                     (needs debhelper and dpkg-dev)
#   make deb-lint     lintian on it, which must say nothing
#   make packaging    build/packaging/: the RPM spec and OpenWrt's Makefile, with the version,
#                     and where the tarball of `make dist` is and its hash
#   make musl         build/musl/dtcp-up, for systems with that C library (needs musl-tools)
#   make dist         build/dtcp-up-VERSION.tar.gz, what these two want; the same bytes from
#                     the same sources, wherever and by whomever it is made
#
# SOURCE_URL= is the folder from which others get the tarball.
# HOMEPAGE= is where the project lives; without it the origin of the clone, if that is an
# address of the web, else packages name none.
# MAINTAINER= names who makes the package. DEB_BUILD= is for dpkg-buildpackage, as
# `make deb-cross ARCH=arm64` (tests/machine) uses it for another processor.

MAINTAINER = $(shell git log -1 --format='%an <%ae>' 2>/dev/null || echo "$$(id -un) <$$(id -un)@$$(hostname -f)>")
# Of the last change, so that building twice gives the same.
SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGES)
ORIGIN = $(shell git remote get-url origin 2>/dev/null)
HOMEPAGE = $(shell echo '$(ORIGIN)' | sed -nE 's,\.git$$,,; s,^(https?://[^@ ]+)$$,\1,p')
DEB_TREE = $(BUILD)/deb/dtcp-up-$(VERSION)
DIST = dtcp-up-$(VERSION)
SOURCE_URL = file://$(abspath $(BUILD))
SOURCE_PARTS = Makefile src hooks etc tests README.md README.ja.md CHANGES CONTRIBUTING.md LICENSE
# A name may have an apostrophe, which ends the shell's word, and what sed takes as its own.
in_sed = $(subst ','\'',$(subst |,\|,$(subst &,\&,$(subst \,\\,$(1)))))
PACKAGING_FILL = sed -e 's|@VERSION@|$(1)|g' -e 's|@MAINTAINER@|$(call in_sed,$(MAINTAINER))|g' \
	$(if $(HOMEPAGE),-e 's|@HOMEPAGE@|$(call in_sed,$(HOMEPAGE))|g',-e '/@HOMEPAGE@/d') \
	-e "s|@DATE@|$$(date -u -R -d @$(SOURCE_DATE_EPOCH))|g" \
	-e "s|@RPM_DATE@|$$(LC_ALL=C date -u -d @$(SOURCE_DATE_EPOCH) '+%a %b %d %Y')|g"

DEB_FROM = Makefile README.md README.ja.md CHANGES $(wildcard src/*.* src/*/*.* hooks/* etc/* etc/doc/* \
	etc/install/* etc/packaging/debian/* etc/packaging/debian/*/* tests/demo/* etc/packaging/*.mk)

deb: $(BUILD)/deb/.built
	@ls $(BUILD)/deb/*.deb

# The tree of the source package, debian/ filled in.
deb-tree: dist
	rm -rf $(BUILD)/deb
	mkdir -p $(BUILD)/deb
	tar -xzf $(BUILD)/$(DIST).tar.gz -C $(BUILD)/deb
	cp -a etc/packaging/debian $(DEB_TREE)/debian
	for file in control changelog copyright; do \
		$(call PACKAGING_FILL,$(VERSION)) etc/packaging/debian/$$file >$(DEB_TREE)/debian/$$file; \
	done

$(BUILD)/deb/.built: $(DEB_FROM)
	$(MAKE) deb-tree
	cd $(DEB_TREE) && SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) MAKEFLAGS= \
		DEB_BUILD_OPTIONS="noautodbgsym $$DEB_BUILD_OPTIONS" dpkg-buildpackage --no-sign --root-command=fakeroot $(DEB_BUILD)
	touch $@

deb-lint: deb
	lintian --allow-root --fail-on error,warning \
		$(BUILD)/deb/dtcp-up_$(VERSION)_*.changes

packaging: dist
	mkdir -p $(BUILD)/packaging/openwrt
	$(call PACKAGING_FILL,$(VERSION)) etc/packaging/dtcp-up.spec >$(BUILD)/packaging/dtcp-up.spec
	$(call PACKAGING_FILL,$(VERSION)) -e 's|@SOURCE_URL@|$(call in_sed,$(SOURCE_URL))|' \
		-e "s|@HASH@|$$(sha256sum <$(BUILD)/$(DIST).tar.gz | cut -d ' ' -f 1)|" \
		etc/packaging/openwrt/Makefile >$(BUILD)/packaging/openwrt/Makefile
	cp $(ALL_PROGRAMS:%=etc/%.sysusers.conf) $(BUILD)/
	cp -r etc/packaging/openwrt/files $(BUILD)/packaging/openwrt/

# What git has, as far as there is git, so that nothing that lies about gets into it.
SOURCE_FILES = if git ls-files --error-unmatch Makefile >/dev/null 2>&1; then \
	git ls-files -- $(SOURCE_PARTS); else find $(SOURCE_PARTS) -type f; fi

# Nothing of the one who makes it: names, the umask, times, the locale.
dist:
	mkdir -p $(BUILD)
	set -e; { $(SOURCE_FILES); } | LC_ALL=C sort >$(BUILD)/$(DIST).files; \
	tar --format=gnu --transform 's|^|$(DIST)/|' --owner=0 --group=0 --numeric-owner \
		--mode=u=rwX,go=rX --mtime=@$(SOURCE_DATE_EPOCH) --no-recursion \
		-cf - -T $(BUILD)/$(DIST).files | gzip -9n >$(BUILD)/$(DIST).tar.gz

# How objects are made for musl is said in tests/unit/unit.mk.
musl: $(MUSL)/dtcp-up

$(MUSL)/dtcp-up: $(MUSL)/src.a $(MUSL)/obj/dtcp-up.o
	$(MUSL_CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $(MUSL)/obj/dtcp-up.o $(MUSL)/src.a

.PHONY: deb deb-tree deb-lint packaging musl dist
