# Other processors and stock kernels (tests/README.md, "Other processors").
#
#   make check-arch      builds the program and the unit tests for other processors and
#                        runs these by qemu-user; ARCH='arm64 mips' are some of them
#   make check-machine   boots Debian's kernel for ARCH (arm64, armhf, riscv64, amd64)
#                        under qemu-system and tries the program there; SUITE=trixie
#                        takes that Debian's kernel, STORIES=REGEX some of what is tried
#   make deb-cross       the Debian package for ARCH, build/machine/ARCH/package/deb/*.deb

ARCH = arm64

# ARCHS is ARCH's older name.
check-arch:
	tests/machine/arch $(or $(ARCHS),$(if $(filter command%,$(origin ARCH)),$(ARCH)))

check-machine:
	tests/machine/machine -s '$(SUITE)' '$(or $(ARCHS),$(ARCH))' '$(STORIES)'

deb-cross:
	tests/machine/deb '$(or $(ARCHS),$(ARCH))'

.PHONY: check-arch check-machine deb-cross
