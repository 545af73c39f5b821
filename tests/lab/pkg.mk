# The Debian package that pkg.bats installs in the lab.
test-programs: $(BUILD)/deb/.built
