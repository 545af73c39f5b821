# `make lint`: compilers and checkers, each of which must say nothing.

LINT_CC = -std=c11 -Isrc -D_GNU_SOURCE $(WIDE) -DVERSION='"$(VERSION)"'
LINT_WARN = -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Werror
LINT_STYLE = warning,performance,portability
# By their first line; other files may have a script within.
SHELL_FILES = $(shell git ls-files | grep -v '^tests/fuzz/corpus/' | xargs awk 'FNR == 1 { if (/^.!(\/usr\/bin\/env |\/bin\/)(ba|da)?sh/) print FILENAME; nextfile }')
BASH_PARTS = $(wildcard tests/*.bash tests/*/*.bash)
BATS_FILES = $(wildcard tests/*/*.bats tests/*/*/*.bats)

LINTS = lint-gcc lint-clang lint-analyzer lint-tidy lint-cppcheck lint-shell lint-man

lint: deps-lint
	@$(MAKE) --no-print-directory -j2 $(LINTS)
	@echo "lint: nothing to complain about"

lint-gcc:
	@echo 'gcc $(LINT_WARN)'
	@mkdir -p $(BUILD)/lint-gcc
	@for f in $(SOURCES); do gcc $(LINT_CC) $(LINT_WARN) -O2 -c -o $(BUILD)/lint-gcc/x.o $$f || exit 1; done

# All of it, as who builds with clang would.
lint-clang:
	@echo 'make CC=clang'
	@rm -rf $(BUILD)/lint-clang
	@$(MAKE) -s BUILD=$(BUILD)/lint-clang CC=clang CFLAGS='-O2 -Werror' all >$(BUILD)/lint-clang.log 2>&1; \
		status=$$?; cat $(BUILD)/lint-clang.log; [ $$status = 0 ] && [ ! -s $(BUILD)/lint-clang.log ]

lint-analyzer:
	@echo 'gcc -fanalyzer'
	@mkdir -p $(BUILD)/lint-analyzer
	@for f in $(SOURCES); do gcc $(LINT_CC) -fanalyzer -Werror -O1 -c -o $(BUILD)/lint-analyzer/x.o $$f || exit 1; done

# clang-tidy says how many warnings it did not show; only findings are shown.
lint-tidy:
	@echo clang-tidy
	@clang-tidy --quiet $(SOURCES) -- $(LINT_CC) 2>$(BUILD)/lint-tidy.log || { cat $(BUILD)/lint-tidy.log; exit 1; }

lint-cppcheck:
	@echo cppcheck
	@cppcheck --quiet --enable=$(LINT_STYLE) --inline-suppr --std=c11 --error-exitcode=1 \
		-D_GNU_SOURCE -DVERSION='"x"' --suppress=missingIncludeSystem -Isrc src

lint-shell:
	@echo shellcheck
	@shellcheck -x $(SHELL_FILES) $(BASH_PARTS)
	@shellcheck -x -s bats $(BATS_FILES)

lint-man:
	@echo 'mandoc -T lint'
	@mandoc -T lint -W warning src/*.[58]

.PHONY: lint lint-gcc lint-clang lint-analyzer lint-tidy lint-cppcheck lint-shell lint-man
