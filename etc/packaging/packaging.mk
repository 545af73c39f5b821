# Packages, built from a copy of the tree under build/, so that the folder of
# the sources keeps its shape. The version is that of the Makefile.
#
#   make deb          build/deb/dtcp-up_VERSION_ARCH.deb (needs debhelper and dpkg-dev)
#   make deb-lint     lintian on it, which must say nothing
#   make packaging    build/packaging/: the RPM spec and OpenWrt's Makefile, version filled in
#   make musl         build/musl/dtcp-up, for systems with that C library (needs musl-tools)
#   make dist         build/dtcp-up-VERSION.tar.gz, what these two want
#
# MAINTAINER= names who makes the package.

MAINTAINER = $(shell git log -1 --format='%an <%ae>' 2>/dev/null || echo "$$(id -un) <$$(id -un)@$$(hostname -f)>")
# Of the last change, so that building twice gives the same.
SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGES)
DEB_TREE = $(BUILD)/deb/dtcp-up-$(VERSION)
DIST = dtcp-up-$(VERSION)
SOURCE_PARTS = Makefile src hooks etc tests README.md README.ja.md CHANGES CONTRIBUTING.md LICENSE
PACKAGING_FILL = sed -e 's|@VERSION@|$(1)|g' -e 's|@MAINTAINER@|$(MAINTAINER)|g' \
	-e "s|@DATE@|$$(date -u -R -d @$(SOURCE_DATE_EPOCH))|g"

DEB_FROM = Makefile $(wildcard src/* hooks/* etc/* etc/packaging/debian/* etc/packaging/debian/source/*)

deb: $(BUILD)/deb/.built
	@ls $(BUILD)/deb/*.deb

$(BUILD)/deb/.built: $(DEB_FROM)
	rm -rf $(BUILD)/deb
	mkdir -p $(DEB_TREE)
	cp -a $(filter-out tests,$(SOURCE_PARTS)) $(DEB_TREE)/
	cp -a etc/packaging/debian $(DEB_TREE)/debian
	for file in control changelog copyright; do \
		$(call PACKAGING_FILL,$(VERSION)) etc/packaging/debian/$$file >$(DEB_TREE)/debian/$$file; \
	done
	cd $(DEB_TREE) && SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) MAKEFLAGS= \
		DEB_BUILD_OPTIONS="noautodbgsym $$DEB_BUILD_OPTIONS" dpkg-buildpackage --build=binary --no-sign --root-command=fakeroot
	touch $@

deb-lint: deb
	lintian --allow-root --fail-on error,warning \
		$(BUILD)/deb/dtcp-up_$(VERSION)_*.changes

packaging:
	mkdir -p $(BUILD)/packaging/openwrt
	$(call PACKAGING_FILL,$(VERSION)) etc/packaging/dtcp-up.spec >$(BUILD)/packaging/dtcp-up.spec
	$(call PACKAGING_FILL,$(VERSION)) etc/packaging/openwrt/Makefile >$(BUILD)/packaging/openwrt/Makefile

dist:
	mkdir -p $(BUILD)
	tar --transform 's|^|$(DIST)/|' --owner=0 --group=0 --sort=name --exclude='__pycache__' \
		--mtime=@$(SOURCE_DATE_EPOCH) -czf $(BUILD)/$(DIST).tar.gz $(SOURCE_PARTS)

# How objects are made for musl is said in tests/unit/unit.mk.
musl: $(MUSL)/dtcp-up

$(MUSL)/dtcp-up: $(MUSL)/src.a $(MUSL)/obj/main.o
	$(MUSL_CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) -o $@ $(MUSL)/obj/main.o $(MUSL)/src.a

.PHONY: deb deb-lint packaging musl dist
