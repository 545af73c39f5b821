# Unit tests: one program a module, linked with the modules of src/, built with
# the sanitizers, and once more with musl.
#
#   make unit        builds them
#   make unit-musl   the same with musl-gcc
#
# SANITIZE= builds them without (make coverage does).

# Read once: tests/fuzz/fuzz.mk includes it, too.
ifndef UNIT

UNIT = $(BUILD)/unit
UNIT_NAMES = $(patsubst tests/unit/%_test.c,%,$(wildcard tests/unit/*_test.c))
UNIT_PROGRAMS = $(UNIT_NAMES:%=$(UNIT)/%)
UNIT_SOURCES = $(filter-out $(wildcard src/*.c),$(SOURCES))
UNIT_OBJECTS = $(UNIT_SOURCES:src/%.c=$(UNIT)/obj/%.o)
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

unit: $(UNIT_PROGRAMS)
test-programs: unit

# An archive, so that a program holds the modules that it needs alone, and may
# bring some of its own in place of those of src/.
$(UNIT)/src.a: $(UNIT_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $(UNIT_OBJECTS)

$(UNIT)/obj/%.o: src/%.c Makefile tests/unit/unit.mk
	@mkdir -p $(@D)
	$(COMPILE) $(SANITIZE) -c -o $@ $<

$(UNIT)/obj/%.o: tests/unit/%.c Makefile tests/unit/unit.mk
	@mkdir -p $(@D)
	$(COMPILE) $(SANITIZE) -c -o $@ $<

# See wall_test.c: every object of these rooms, and no archive to take more from.
WALL_OBJECTS = $(filter $(foreach room,session protocol common,$(UNIT)/obj/$(room)/%) \
	$(UNIT)/obj/account/account.o,$(UNIT_OBJECTS))
$(UNIT)/wall: $(UNIT)/obj/wall_test.o $(UNIT)/obj/unit.o $(WALL_OBJECTS)
	$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS)

$(filter-out $(UNIT)/wall,$(UNIT_PROGRAMS)): $(UNIT)/%: $(UNIT)/obj/%_test.o $(UNIT)/obj/unit.o $(UNIT)/src.a
	$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) $(SANITIZE) -o $@ $^ $(LDLIBS)

# Debian's musl-gcc comes without the kernel's headers and OpenSSL's; those of
# the C library of this machine must not come along with them.
MUSL_CC = musl-gcc
MUSL = $(BUILD)/musl
MUSL_ARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
MUSL_HEADERS = /usr/include/linux /usr/include/asm-generic /usr/include/$(MUSL_ARCH)/asm \
	/usr/include/openssl /usr/include/$(MUSL_ARCH)/openssl
# libcrypto of this machine is built for its own C library; one proof of the wall will do.
MUSL_NAMES = $(filter-out digest wall,$(UNIT_NAMES))
MUSL_PROGRAMS = $(MUSL_NAMES:%=$(MUSL)/%)
MUSL_OBJECTS = $(UNIT_SOURCES:src/%.c=$(MUSL)/obj/%.o)
MUSL_COMPILE = $(MUSL_CC) $(DEFS) $(WARN) $(HARDEN) $(CPPFLAGS) $(CFLAGS) -MMD -MP \
	-isystem $(MUSL)/include

unit-musl: $(MUSL_PROGRAMS)

$(MUSL)/include/.made: tests/unit/unit.mk
	rm -rf $(@D)
	mkdir -p $(@D)/openssl
	for h in $(MUSL_HEADERS); do \
		case $$h in \
		*/openssl) ln -sf $$h/*.h $(@D)/openssl/ ;; \
		*) ln -sf $$h $(@D)/ ;; \
		esac; \
	done
	touch $@

$(MUSL)/src.a: $(MUSL_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $(MUSL_OBJECTS)

$(MUSL)/obj/%.o: src/%.c Makefile $(MUSL)/include/.made
	@mkdir -p $(@D)
	$(MUSL_COMPILE) -c -o $@ $<

$(MUSL)/obj/%.o: tests/unit/%.c Makefile $(MUSL)/include/.made
	@mkdir -p $(@D)
	$(MUSL_COMPILE) -c -o $@ $<

$(MUSL_PROGRAMS): $(MUSL)/%: $(MUSL)/obj/%_test.o $(MUSL)/obj/unit.o $(MUSL)/src.a
	$(MUSL_CC) $(CFLAGS) $(HARDEN_LD) -o $@ $^

.PHONY: unit unit-musl
.SECONDARY: $(UNIT_NAMES:%=$(UNIT)/obj/%_test.o) $(UNIT)/obj/unit.o \
	$(UNIT_NAMES:%=$(MUSL)/obj/%_test.o) $(MUSL)/obj/unit.o
-include $(wildcard $(UNIT)/obj/*.d $(UNIT)/obj/*/*.d $(MUSL)/obj/*.d $(MUSL)/obj/*/*.d)

endif
