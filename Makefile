# modgate. `make` builds, `make demo` shows, `make check` tests; CONTRIBUTING.md says how the house is laid out.
#
# Each room (a folder of sources) is compiled with one include folder of its own, build/see/ROOM, that links only the rooms it may
# see. An #include along any other arrow does not build.

BUILD    ?= build
PREFIX   ?= /usr/local
CC       ?= cc
VERSION  := 0.1.0

ROOMS := base module tlog store vcs sumdb auth policy audit upstream supply settings gateway cmd

SEES_base     :=
SEES_module   := base
SEES_tlog     := base module
SEES_store    := base module
SEES_vcs      := base module
SEES_sumdb    := base module tlog
SEES_auth     := base module
SEES_policy   := base module
SEES_audit    := base module tlog
SEES_upstream := base module sumdb
SEES_supply   := base module store vcs upstream sumdb
SEES_settings := base module
SEES_gateway  := base module supply auth policy audit settings
SEES_cmd      := base module gateway supply settings

# Rooms that see of policy only policy/public.h, the type that proves a name may go out.
SEES_PUBLIC   := upstream supply

# Foreign libraries, by the rooms that may include their headers.
PKG_base    := libcurl openssl sqlite3 yaml-0.1 jansson
PKG_module  := libzip libdeflate
PKG_tlog    := openssl
PKG_vcs     := libgit2 libdeflate
PKG_auth    := ldap lber openssl
PKG_gateway := libmicrohttpd gnutls libsystemd openssl
PKG_tests   := cmocka libjwt

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla
HARDEN   := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
HARDEN_LD:= -pie -Wl,-z,relro,-z,now,-z,noexecstack
OPTIMIZE ?= -O2 -g
ifneq ($(SANITIZE),)
OPTIMIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined -DARENA_MALLOC
HARDEN   := -fPIE
HARDEN_LD:= -pie
endif
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -DMODGATE_VERSION='"$(VERSION)"' -pthread $(WARNINGS) $(OPTIMIZE) $(HARDEN) $(WERROR) $(CFLAGS)

closure   = $(sort $(1) $(foreach r,$(SEES_$(1)),$(call closure,$(r))) $(if $(filter $(1),$(SEES_PUBLIC)),policy))
packages  = $(sort $(foreach r,$(1),$(PKG_$(r))))
libraries = $(if $(strip $(call packages,$(1))),$$(pkg-config --libs $(call packages,$(1)))) -lpthread
archives  = $(foreach r,$(1),$(BUILD)/$(r).a)

.PHONY: all deps demo check check-run asan tsan fuzz lint headers differential bench install clean
all: $(BUILD)/modgate

# --- rooms ---------------------------------------------------------------------------------------------------------------------

define ROOM
SOURCES_$(1) := $$(wildcard $(1)/*.c)
OBJECTS_$(1) := $$(SOURCES_$(1):%.c=$(BUILD)/%.o)

$(BUILD)/see/$(1)/.made: Makefile | $(BUILD)/.packages
	@rm -rf $$(@D) && mkdir -p $$(@D)
	@for room in $(1) $(SEES_$(1)); do ln -s $(CURDIR)/$$$$room $$(@D)/$$$$room; done
	@$(if $(filter $(1),$(SEES_PUBLIC)),mkdir $$(@D)/policy && ln -s $(CURDIR)/policy/public.h $$(@D)/policy/public.h)
	@touch $$@

$$(OBJECTS_$(1)): $(BUILD)/%.o: %.c $(BUILD)/see/$(1)/.made
	@mkdir -p $$(@D)
	@echo "  CC   $$<"
	@$(CC) $(CFLAGS_ALL) -I$(BUILD)/see/$(1) $(if $(PKG_$(1)),$$$$(pkg-config --cflags $(PKG_$(1)))) -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1).a: $$(OBJECTS_$(1))
	@rm -f $$@
	@ar rcs $$@ $$(OBJECTS_$(1))

.PHONY: $(1)
$(1): $(BUILD)/$(1).a
endef
$(foreach room,$(ROOMS),$(eval $(call ROOM,$(room))))

$(BUILD)/modgate: $(call archives,$(ROOMS))
	@echo "  LINK $@"
	@$(CC) $(CFLAGS_ALL) $(HARDEN_LD) -o $@ $(OBJECTS_cmd) -Wl,--start-group $(call archives,$(filter-out cmd,$(ROOMS))) -Wl,--end-group $(call libraries,$(ROOMS))

# --- unit tests: tests/ROOM/NAME_test.c, linked with the room and what it may see ------------------------------------------------

define UNIT
TESTS_$(1) := $$(patsubst %.c,$(BUILD)/%,$$(wildcard tests/$(1)/*_test.c))

$$(TESTS_$(1)): $(BUILD)/tests/$(1)/%: tests/$(1)/%.c $(BUILD)/see/$(1)/.made $(call archives,$(call closure,$(1)))
	@mkdir -p $$(@D)
	@echo "  TEST $$<"
	@$(CC) $(CFLAGS_ALL) -Wno-missing-prototypes $(HARDEN_LD) -I$(BUILD)/see/$(1) -I. -Itests $$$$(pkg-config --cflags cmocka $(PKG_$(1))) -MMD -MP -o $$@ $$< \
		-Wl,--start-group $(call archives,$(call closure,$(1))) -Wl,--end-group $$$$(pkg-config --libs $(PKG_tests)) $$(call libraries,$(call closure,$(1)))

.PHONY: test-$(1)
test-$(1): $$(TESTS_$(1))
	@for t in $$(TESTS_$(1)); do echo "== $$$$t"; $$$$t || exit 1; done
endef
$(foreach room,$(ROOMS),$(eval $(call UNIT,$(room))))

.PHONY: units
units: $(foreach room,$(ROOMS),$(TESTS_$(room)))

# --- fuzz targets: tests/fuzz/ROOM_NAME_fuzz.c sees what ROOM may see ----------------------------------------------------------------

FUZZ  := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_IN = $(filter $(1)_%,$(FUZZ))

# $(1): the room, $(2): what follows the target's name, $(3): what stands for main
define FUZZ_PROGRAM
$(patsubst %,$(BUILD)/tests/fuzz/%$(2),$(call FUZZ_IN,$(1))): $(BUILD)/tests/fuzz/%$(2): tests/fuzz/%.c $(filter %.c,$(3)) $(BUILD)/see/$(1)/.made \
		$(call archives,$(call closure,$(1)))
	@mkdir -p $$(@D)
	@echo "  FUZZ $$<"
	@$(CC) $(CFLAGS_ALL) $(HARDEN_LD) -I$(BUILD)/see/$(1) -I. $(if $(PKG_$(1)),$$$$(pkg-config --cflags $(PKG_$(1)))) -o $$@ $$< $(3) \
		-Wl,--start-group $(call archives,$(call closure,$(1))) -Wl,--end-group $$(call libraries,$(call closure,$(1)))
endef
$(foreach room,$(ROOMS),$(eval $(call FUZZ_PROGRAM,$(room),_test,tests/fuzz/replay.c)))
$(foreach room,$(ROOMS),$(eval $(call FUZZ_PROGRAM,$(room),,-fsanitize=fuzzer)))
$(FUZZ:%=$(BUILD)/tests/fuzz/%) $(FUZZ:%=$(BUILD)/tests/fuzz/%_test): tests/fuzz/fuzz.h

.PHONY: fuzz-seeds fuzz-programs
fuzz-seeds: $(FUZZ:%=$(BUILD)/tests/fuzz/%_test)
fuzz-programs: $(FUZZ:%=$(BUILD)/tests/fuzz/%)

# --- packages ------------------------------------------------------------------------------------------------------------------

# Names what is missing and stops; `make deps` installs it.
$(BUILD)/.packages: conf/packages.txt
	@conf/packages.sh check build
	@mkdir -p $(@D) && touch $@

deps:
	@conf/packages.sh install build check

# --- what people run -------------------------------------------------------------------------------------------------------------

demo:
	@conf/packages.sh install build demo
	@$(MAKE) --no-print-directory -j2 all
	@BUILD=$(BUILD) /usr/bin/python3 tests/demo/demo.py

check: deps
	@$(MAKE) --no-print-directory -j2 check-run

check-run: $(BUILD)/modgate headers units fuzz-seeds
	@BUILD=$(BUILD) /usr/bin/python3 tests/check.py

asan: deps
	@ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 \
		$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/asan SANITIZE=address,undefined check-run

tsan: deps
	@TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan.supp halt_on_error=0 exitcode=66" \
		$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/tsan SANITIZE=thread check-run

# T seconds for each target; ONLY=module_path_fuzz chooses some.
T    ?= 30
ONLY ?= $(FUZZ)
fuzz:
	@conf/packages.sh install build fuzz
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/fuzz CC=clang SANITIZE=address,undefined,fuzzer-no-link fuzz-programs
	@tests/fuzz/run.sh $(BUILD)/fuzz $(T) $(ONLY)

# make differential N=1000 SEED=1: random repositories through modgate and in the go command's direct mode; a failing one is kept and told.
differential: deps
	@$(MAKE) --no-print-directory -j2 all
	@BUILD=$(BUILD) DIFFERENTIAL_N=$(N) DIFFERENTIAL_SEED=$(SEED) /usr/bin/python3 -B -m pytest -q -p no:cacheprovider tests/differential

bench:
	@conf/packages.sh install build bench
	@$(MAKE) --no-print-directory -j2 all
	@BUILD=$(BUILD) /usr/bin/python3 tests/bench/bench.py

# --- what keeps the house clean ----------------------------------------------------------------------------------------------------

HEADERS := $(wildcard $(foreach room,$(ROOMS),$(room)/*.h))

# Every header compiles alone, first, under -pedantic -Werror, with only what its room may see.
headers: $(HEADERS:%.h=$(BUILD)/headers/%.ok)
$(BUILD)/headers/%.ok: %.h $(foreach room,$(ROOMS),$(BUILD)/see/$(room)/.made)
	@mkdir -p $(@D)
	@$(CC) -std=c11 -D_GNU_SOURCE -pedantic -Wall -Wextra -Werror -fsyntax-only -I$(BUILD)/see/$(firstword $(subst /, ,$*)) -x c $<
	@touch $@

lint:
	@conf/packages.sh install build lint
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/lint WERROR=-Werror all headers
	@conf/lint.sh $(BUILD)/lint

install: $(BUILD)/modgate
	install -D -m 755 $(BUILD)/modgate $(DESTDIR)$(PREFIX)/bin/modgate
	install -D -m 644 conf/modgate.service $(DESTDIR)$(PREFIX)/lib/systemd/system/modgate.service
	install -D -m 644 conf/modgate.yaml $(DESTDIR)$(PREFIX)/share/doc/modgate/examples/modgate.yaml
	install -D -m 644 conf/policy.yaml $(DESTDIR)$(PREFIX)/share/doc/modgate/examples/policy.yaml
	install -D -m 644 docs/modgate.1 $(DESTDIR)$(PREFIX)/share/man/man1/modgate.1
	install -D -m 644 docs/modgate.yaml.5 $(DESTDIR)$(PREFIX)/share/man/man5/modgate.yaml.5
	install -D -m 644 docs/modgate-policy.yaml.5 $(DESTDIR)$(PREFIX)/share/man/man5/modgate-policy.yaml.5

clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/tests/*/*.d)
