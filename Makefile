# Cuirax. The targets:
#   make          the libraries in build/ and the Python extension in python/cuirax/
#   make demo     set up a virtual environment, build, train on digits, write out/digits.png
#   make test     set up, build, check the sources, run every test (C, C under sanitizers, Python)
#   make check    the core tests in a short form, under two minutes
#   make lint     warnings are errors; layer, banned-call and language checks
#   make fuzz     two minutes of hostile graph texts, or with FUZZ_TARGET=fuzz_stablehlo of StableHLO (needs clang)
#   make corpus CORPUS=folder   StableHLO artifacts through Cuirax and jaxlib on the same inputs
#   make bench    paired benchmarks against real JAX; bench-programs: whole programs; bench-primitives: sort, scans, products, … one by one
#   make SAN=1    ASan+UBSan variant in build-san/;  CC=clang works;  VENV=dir uses another environment
#   make TSAN=1 ctests   ThreadSanitizer variant of the C tests in build-tsan/
#   make V=1      shows the commands
# New .c files are picked up by wildcard; nothing is listed by hand.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

SAN ?=
TSAN ?=
BUILD ?= $(if $(SAN),build-san,$(if $(TSAN),build-tsan,build))
VENV ?= .venv
VENV_PYTHON := $(VENV)/bin/python
PYTHON ?= $(or $(wildcard $(VENV_PYTHON)),python3)
EXT_DIR ?= python/cuirax
Q := $(if $(V),,@)
say = @echo '  $(1) $(2)'

# --- flags

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-override-init -Wno-sign-conversion
ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
OPT ?= -O2
KERNEL_OPT ?= -O3 -fno-trapping-math
CPPFLAGS_ALL := -Iinclude -Isrc -I$(BUILD)/gen -D_GNU_SOURCE $(CPPFLAGS)
CFLAGS_ALL := -std=gnu17 -g -fPIC -fno-math-errno -ffp-contract=off \
  -fno-semantic-interposition -fstack-protector-strong $(WARN)
LDFLAGS_ALL := -Wl,-z,relro,-z,now
LDLIBS_ALL := -lm -ldl -lpthread $(LDLIBS)
ifdef SAN
CFLAGS_ALL += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS_ALL += -fsanitize=address,undefined
OPT := -O1
KERNEL_OPT := -O1
else ifneq ($(TSAN),)
CFLAGS_ALL += -fsanitize=thread
LDFLAGS_ALL += -fsanitize=thread
OPT := -O1
KERNEL_OPT := -O1
else
CPPFLAGS_ALL += -D_FORTIFY_SOURCE=2
endif
CFLAGS_ALL += $(CFLAGS)
LDFLAGS_ALL += $(LDFLAGS)

# all of the archive: the op table names its entries weakly while ops are still missing
WHOLE = -Wl,--whole-archive $(BUILD)/libcuirax.a -Wl,--no-whole-archive

# --- sources

LIB_SRC := $(filter-out src/python/%,$(sort $(shell find src -name '*.c')))
EXT_SRC := $(sort $(shell find src/python -name '*.c' 2>/dev/null))
EXAMPLE_SRC := $(sort $(wildcard examples/*.c))
TEST_SRC := $(sort $(wildcard tests/c/test_*.c))
TEST_AID := $(filter-out $(TEST_SRC),$(sort $(wildcard tests/c/*.c)))
HEADERS := $(sort $(wildcard include/*.h include/cuirax/*.h))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
EXT_OBJ := $(EXT_SRC:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/gen/api_table.o
SIGS := $(sort $(wildcard src/*/*.sig))
GEN := $(BUILD)/gen/stamp
EXAMPLES := $(EXAMPLE_SRC:examples/%.c=$(BUILD)/examples/%)
TESTS := $(TEST_SRC:tests/c/%.c=$(BUILD)/tests/%)

EXT := $(if $(EXT_SRC),$(BUILD)/ext.stamp)
PY_INCLUDE = $(shell $(PYTHON) -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
EXT_SUFFIX = $(shell $(PYTHON) -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

.PHONY: help all lib ext ctests examples venv demo test check bench bench-programs bench-primitives corpus fuzz lint lint-lite count clean distclean FORCE
all: lib $(if $(SAN)$(TSAN),,ext)
lib: $(BUILD)/libcuirax.a $(BUILD)/libcuirax.so
ext: $(EXT)
ctests: $(TESTS)
examples: $(EXAMPLES)

# --- made from the signature tables: build/gen/cuirax/library.h and build/gen/api_table.c

$(GEN): $(SIGS) scripts/gen_api.py
	@mkdir -p $(@D)
	$(call say,GEN,$(BUILD)/gen)
	@python3 scripts/gen_api.py $(BUILD)/gen $(SIGS)
	@touch $@
$(BUILD)/gen/api_table.c: $(GEN) ;
$(BUILD)/obj/gen/api_table.o: CPPFLAGS_ALL += -isystem $(PY_INCLUDE)
$(BUILD)/obj/gen/api_table.o: $(BUILD)/gen/api_table.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(OPT) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# --- compile: an object is rebuilt when its sources, headers or the flags change

$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(CC) $(OPT) $(KERNEL_OPT) $(CPPFLAGS_ALL) $(CFLAGS_ALL)' | cmp -s - $@ || \
	  echo '$(CC) $(OPT) $(KERNEL_OPT) $(CPPFLAGS_ALL) $(CFLAGS_ALL)' > $@

$(BUILD)/obj/src/kernels/%.o: OPT := $(KERNEL_OPT)
$(BUILD)/obj/src/python/%.o: CPPFLAGS_ALL += -isystem $(PY_INCLUDE)
$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(GEN)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(OPT) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

# the list of objects, so that a removed source leaves the archive
$(BUILD)/objects: FORCE
	@mkdir -p $(BUILD)
	@echo '$(LIB_OBJ) $(EXT_OBJ)' | cmp -s - $@ || echo '$(LIB_OBJ) $(EXT_OBJ)' > $@

$(BUILD)/libcuirax.a: $(LIB_OBJ) $(BUILD)/objects
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $(LIB_OBJ)

# the shared library exports exactly what the public headers declare
$(BUILD)/exports.map: $(HEADERS) $(GEN) scripts/exports.py
	@mkdir -p $(BUILD)
	@echo '#include <cuirax.h>' | $(CC) -Iinclude -I$(BUILD)/gen -E -P -xc - | python3 scripts/exports.py > $@

$(BUILD)/libcuirax.so: $(LIB_OBJ) $(BUILD)/objects $(BUILD)/exports.map
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(LDFLAGS_ALL) -Wl,-soname,libcuirax.so -Wl,--version-script=$(BUILD)/exports.map \
	  $(LIB_OBJ) -o $@ $(LDLIBS_ALL)

# the extension is replaced by rename, so that a running interpreter keeps the old one
$(BUILD)/ext.stamp: $(EXT_OBJ) $(BUILD)/libcuirax.a
	@mkdir -p $(EXT_DIR)
	$(call say,LD,$(EXT_DIR)/_core$(EXT_SUFFIX))
	$(Q)$(CC) -shared $(LDFLAGS_ALL) -Wl,--exclude-libs,ALL -Wl,--version-script=scripts/extension.map \
	  $(EXT_OBJ) $(WHOLE) -o $(BUILD)/_core.so $(LDLIBS_ALL)
	@cp $(BUILD)/_core.so $(EXT_DIR)/.new_core && mv -f $(EXT_DIR)/.new_core $(EXT_DIR)/_core$(EXT_SUFFIX)
	@touch $@

$(BUILD)/tests/%: $(BUILD)/obj/tests/c/%.o $(TEST_AID:%.c=$(BUILD)/obj/%.o) $(BUILD)/libcuirax.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) $< $(TEST_AID:%.c=$(BUILD)/obj/%.o) $(WHOLE) -o $@ $(LDLIBS_ALL)
$(BUILD)/obj/tests/c/%.o: tests/c/check.h
.SECONDARY: $(TEST_SRC:%.c=$(BUILD)/obj/%.o) $(TEST_AID:%.c=$(BUILD)/obj/%.o)

-include $(LIB_OBJ:.o=.d) $(EXT_OBJ:.o=.d) $(TEST_SRC:%.c=$(BUILD)/obj/%.d) $(TEST_AID:%.c=$(BUILD)/obj/%.d)

# an example sees the public headers and the archive only
$(BUILD)/examples/%: examples/%.c $(BUILD)/libcuirax.a $(HEADERS) $(GEN)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -Iinclude -I$(BUILD)/gen $(OPT) $(CFLAGS_ALL) $(LDFLAGS_ALL) $< $(WHOLE) -o $@ $(LDLIBS_ALL)

# --- run

venv:
	@VENV='$(VENV)' sh scripts/venv.sh

demo: venv
	@$(MAKE) --no-print-directory all
	@mkdir -p out
	PYTHONPATH=python $(VENV_PYTHON) -m cuirax examples/digits.py out/digits.png

test: venv
	@$(MAKE) --no-print-directory all ctests examples
	@$(MAKE) --no-print-directory SAN=1 ctests examples
	@$(MAKE) --no-print-directory lint-lite
	@$(VENV_PYTHON) scripts/run_tests.py --c build/tests --c build-san/tests --pytest tests

check: venv
	@$(MAKE) --no-print-directory all ctests examples
	@CUIRAX_SHORT=1 $(VENV_PYTHON) scripts/run_tests.py --c build/tests --pytest tests/diff --pytest tests/python

bench: venv
	@$(MAKE) --no-print-directory all
	@PYTHONPATH=python $(VENV_PYTHON) bench/bench.py
bench-programs: venv
	@$(MAKE) --no-print-directory all
	@PYTHONPATH=python $(VENV_PYTHON) bench/programs.py

bench-primitives: venv
	@$(MAKE) --no-print-directory all
	@PYTHONPATH=python $(VENV_PYTHON) bench/primitives.py

corpus: all
	@$(VENV_PYTHON) scripts/corpus.py $(CORPUS)

# --- fuzzing: hostile graph texts, with clang's libFuzzer; FUZZ_SECONDS=n, FUZZ_ARGS=… go to it; finds lie in build-fuzz/
FUZZ_SECONDS ?= 120
FUZZ_TARGET ?= fuzz_graph_text
FUZZ_SEEDS := $(if $(findstring stablehlo,$(FUZZ_TARGET)),stablehlo,graph_text)
fuzz:
	@$(MAKE) --no-print-directory CC=clang SAN=1 BUILD=build-fuzz CFLAGS=-fsanitize=fuzzer-no-link CPPFLAGS=-DFUZZ_ENGINE \
	  build-fuzz/$(FUZZ_TARGET)
	@mkdir -p build-fuzz/$(FUZZ_SEEDS) && cd build-fuzz && \
	  ./$(FUZZ_TARGET) -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -rss_limit_mb=4096 -timeout=20 $(FUZZ_ARGS) $(FUZZ_SEEDS) ../tests/corpus/$(FUZZ_SEEDS)
$(BUILD)/fuzz_%: $(BUILD)/obj/fuzz/fuzz_%.o $(TEST_AID:%.c=$(BUILD)/obj/%.o) $(BUILD)/libcuirax.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) $(if $(findstring FUZZ_ENGINE,$(CPPFLAGS)),-fsanitize=fuzzer) $< $(TEST_AID:%.c=$(BUILD)/obj/%.o) $(WHOLE) -o $@ $(LDLIBS_ALL)
$(BUILD)/obj/fuzz/%.o: CPPFLAGS_ALL += -Itests/c

# --- checks of the sources

lint-lite:
	@python3 scripts/check_layers.py
	@python3 scripts/check_banned.py
	@python3 scripts/count_lines.py

lint: lint-lite $(LIB_SRC:%.c=$(BUILD)/lint/%.ok) $(EXT_SRC:%.c=$(BUILD)/lint/%.ok) $(TEST_SRC:%.c=$(BUILD)/lint/%.ok) $(TEST_AID:%.c=$(BUILD)/lint/%.ok)
	@echo 'lint: clean'
$(BUILD)/lint/src/python/%.ok: CPPFLAGS_ALL += -isystem $(PY_INCLUDE)
$(BUILD)/lint/%.ok: %.c $(BUILD)/flags | $(GEN)
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS_ALL) $(OPT) $(CFLAGS_ALL) -Werror -MMD -MP -MF $(@:.ok=.d) -MT $@ -S -o /dev/null $<
	@touch $@
-include $(LIB_SRC:%.c=$(BUILD)/lint/%.d) $(EXT_SRC:%.c=$(BUILD)/lint/%.d) $(TEST_SRC:%.c=$(BUILD)/lint/%.d)

count:
	@python3 scripts/count_lines.py

clean:
	rm -rf build build-san build-tsan out dist python/*.egg-info
	rm -f python/cuirax/_core*.so
distclean: clean
	rm -rf .venv
