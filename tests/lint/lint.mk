# `make lint`: compilers and checkers, each of which must say nothing.

LINT_CC = -std=c11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"'
LINT_WARN = -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Werror
LINT_STYLE = warning,performance,portability
# By their first line; other files may have a script within.
SHELL_FILES = $(shell git ls-files | grep -v '^tests/fuzz/corpus/' | xargs awk 'FNR == 1 { if (/^.!(\/usr\/bin\/env |\/bin\/)(ba|da)?sh/) print FILENAME; nextfile }')
BASH_PARTS = $(wildcard tests/*/*.bash)
BATS_FILES = $(wildcard tests/*/*.bats)

LINTS = lint-gcc lint-clang lint-analyzer lint-tidy lint-cppcheck lint-shell lint-man

lint:
	@$(MAKE) --no-print-directory -j2 $(LINTS)
	@echo "lint: nothing to complain about"

lint-gcc lint-clang: lint-%:
	@echo '$* $(LINT_WARN)'
	@mkdir -p $(BUILD)/lint-$*
	@for f in $(SOURCES); do $* $(LINT_CC) $(LINT_WARN) -O2 -c -o $(BUILD)/lint-$*/x.o $$f || exit 1; done

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
		-D_GNU_SOURCE -DVERSION='"x"' --suppress=missingIncludeSystem src

lint-shell:
	@echo shellcheck
	@shellcheck -x $(SHELL_FILES) $(BASH_PARTS)
	@shellcheck -x -s bats $(BATS_FILES)

lint-man:
	@echo 'mandoc -T lint'
	@mandoc -T lint -W warning src/dtcp-up.8 src/dtcp.conf.5

.PHONY: lint lint-gcc lint-clang lint-analyzer lint-tidy lint-cppcheck lint-shell lint-man
