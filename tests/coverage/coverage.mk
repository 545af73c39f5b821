# make coverage: the lines of src/ that tests run (see the script).

coverage:
	tests/coverage/coverage

.PHONY: coverage
