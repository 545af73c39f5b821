# Fuzzers: one function each, driven by libFuzzer or AFL++, or by the replay of
# the corpus that is kept in tests/fuzz/corpus.
#
#   make fuzz        each for FUZZ_SECONDS with libFuzzer (clang)
#   make fuzz-afl    the same with AFL++ (Debian: afl++, which `make deps` leaves out)
#   make fuzz-merge  keeps of corpus and finds what adds coverage, and no more
#
# FUZZ_NAMES=dialogue chooses. Finds go to build/fuzz/found and build/fuzz/afl.

include tests/unit/unit.mk

FUZZ = $(BUILD)/fuzz
FUZZ_NAMES = $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_SECONDS = 60
FUZZ_CC = clang
FUZZ_AFL_CC = afl-clang-fast
FUZZ_CORPUS = tests/fuzz/corpus
# A netlink message, a reply, an account file: nothing is larger by nature.
FUZZ_LEN = 4096
# dialogue_fuzz.c cuts what read(2) gives.
$(FUZZ)/%/dialogue: FUZZ_LD = -Wl,--wrap=read
FUZZ_FLAGS = $(DEFS) $(WARN) $(CPPFLAGS) -O1 -g -MMD -MP

# Those of src/ are the ones of the unit tests, with their sanitizers.
FUZZ_REPLAY = $(FUZZ_NAMES:%=$(FUZZ)/replay/%)

fuzz-replay: $(FUZZ_REPLAY)
test-programs: fuzz-replay

$(FUZZ)/replay/obj/%.o: tests/fuzz/%.c Makefile tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	$(COMPILE) $(SANITIZE) -c -o $@ $<

$(FUZZ_REPLAY): $(FUZZ)/replay/%: $(FUZZ)/replay/obj/%_fuzz.o $(FUZZ)/replay/obj/rules.o \
		$(FUZZ)/replay/obj/replay.o $(UNIT)/src.a
	$(CC) $(CFLAGS) $(HARDEN_LD) $(LDFLAGS) $(SANITIZE) $(FUZZ_LD) -o $@ $^ $(LDLIBS)

# libFuzzer.
FUZZ_LIB = -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_PROGRAMS = $(FUZZ_NAMES:%=$(FUZZ)/clang/%)

$(FUZZ)/clang/src.a: $(UNIT_SOURCES:src/%.c=$(FUZZ)/clang/obj/%.o)
	rm -f $@
	$(AR) rcs $@ $^

$(FUZZ)/clang/obj/%.o: src/%.c tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) $(FUZZ_LIB) -fsanitize=fuzzer-no-link -c -o $@ $<

$(FUZZ)/clang/obj/%.o: tests/fuzz/%.c tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) $(FUZZ_LIB) -fsanitize=fuzzer-no-link -c -o $@ $<

$(FUZZ_PROGRAMS): $(FUZZ)/clang/%: $(FUZZ)/clang/obj/%_fuzz.o $(FUZZ)/clang/obj/rules.o \
		$(FUZZ)/clang/src.a
	$(FUZZ_CC) $(FUZZ_LIB) -fsanitize=fuzzer $(FUZZ_LD) -o $@ $^

fuzz: $(FUZZ_PROGRAMS)
	@set -e; for n in $(FUZZ_NAMES); do \
		echo "== $$n, $(FUZZ_SECONDS) s"; \
		mkdir -p $(FUZZ)/found/$$n; \
		$(FUZZ)/clang/$$n -max_total_time=$(FUZZ_SECONDS) -max_len=$(FUZZ_LEN) -timeout=10 \
			-print_final_stats=1 -verbosity=0 -artifact_prefix=$(FUZZ)/found/$$n- \
			-dict=tests/fuzz/words.dict $(FUZZ)/found/$$n $(FUZZ_CORPUS)/$$n \
			>$(FUZZ)/$$n.log 2>&1 || { tail -n 40 $(FUZZ)/$$n.log; exit 1; }; \
		sed -n 's/^stat::number_of_executed_units: *//p' $(FUZZ)/$$n.log; \
	done
	@sed -n 's/^stat::number_of_executed_units: *//p' $(FUZZ_NAMES:%=$(FUZZ)/%.log) | awk \
		'{ sum += $$1 } END { print sum " inputs were tried, beside the '$$(find \
		$(FUZZ_CORPUS) -type f | wc -l)' files of the corpus" }'

# What adds coverage of code, in as few files as that takes, beside those that
# were written by hand (with a name).
fuzz-merge: $(FUZZ_PROGRAMS)
	@set -e; for n in $(FUZZ_NAMES); do \
		merged=$(FUZZ)/merged/$$n; rm -rf $$merged; mkdir -p $$merged $(FUZZ)/found/$$n; \
		cp $(FUZZ_CORPUS)/$$n/*[!0-9a-f]* $$merged; \
		$(FUZZ)/clang/$$n -set_cover_merge=1 -use_counters=0 -max_len=$(FUZZ_LEN) \
			-verbosity=0 $$merged $(FUZZ)/found/$$n $(FUZZ_CORPUS)/$$n; \
		rm -rf $(FUZZ_CORPUS)/$$n; cp -r $$merged $(FUZZ_CORPUS)/$$n; \
		echo "$$n: $$(ls $(FUZZ_CORPUS)/$$n | wc -l) files"; \
	done

# AFL++. With the sanitizers it wants memory without a limit.
FUZZ_AFL_PROGRAMS = $(FUZZ_NAMES:%=$(FUZZ)/afl/%)

$(FUZZ)/afl/src.a: $(UNIT_SOURCES:src/%.c=$(FUZZ)/afl/obj/%.o)
	rm -f $@
	$(AR) rcs $@ $^

$(FUZZ)/afl/obj/%.o: src/%.c tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	AFL_QUIET=1 AFL_USE_ASAN=1 $(FUZZ_AFL_CC) $(FUZZ_FLAGS) -c -o $@ $<

$(FUZZ)/afl/obj/%.o: tests/fuzz/%.c tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	AFL_QUIET=1 AFL_USE_ASAN=1 $(FUZZ_AFL_CC) $(FUZZ_FLAGS) -c -o $@ $<

$(FUZZ_AFL_PROGRAMS): $(FUZZ)/afl/%: $(FUZZ)/afl/obj/%_fuzz.o $(FUZZ)/afl/obj/rules.o \
		$(FUZZ)/afl/obj/replay.o $(FUZZ)/afl/src.a
	AFL_QUIET=1 AFL_USE_ASAN=1 $(FUZZ_AFL_CC) $(FUZZ_LD) -o $@ $^

fuzz-afl:
	@command -v afl-fuzz >/dev/null || { echo "fuzz-afl: as root, apt-get install afl++" >&2; exit 1; }
	@$(MAKE) --no-print-directory $(FUZZ_AFL_PROGRAMS)
	@set -e; for n in $(FUZZ_NAMES); do \
		echo "== $$n, $(FUZZ_SECONDS) s, AFL++"; \
		AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 \
		AFL_AUTORESUME=1 AFL_NO_AFFINITY=1 afl-fuzz -V $(FUZZ_SECONDS) -G $(FUZZ_LEN) \
			-t 1000 -m none -x tests/fuzz/words.dict -i $(FUZZ_CORPUS)/$$n \
			-o $(FUZZ)/afl/found-$$n -- $(FUZZ)/afl/$$n >$(FUZZ)/afl/$$n.log 2>&1 || \
			{ tail -n 30 $(FUZZ)/afl/$$n.log; exit 1; }; \
		stats=$(FUZZ)/afl/found-$$n/default/fuzzer_stats; \
		grep -E '^(execs_done|execs_per_sec|corpus_count|saved_crashes|saved_hangs)' $$stats; \
		grep -qE '^saved_crashes +: 0$$' $$stats; \
	done

.PHONY: fuzz fuzz-afl fuzz-merge fuzz-replay
.SECONDARY: $(FUZZ_NAMES:%=$(FUZZ)/replay/obj/%_fuzz.o) $(FUZZ_NAMES:%=$(FUZZ)/clang/obj/%_fuzz.o) \
	$(FUZZ_NAMES:%=$(FUZZ)/afl/obj/%_fuzz.o)
-include $(wildcard $(FUZZ)/*/obj/*.d $(FUZZ)/*/obj/*/*.d)
