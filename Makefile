# The front door. `make help` lists what it can do.

CARGO  ?= cargo
APXS   ?= $(firstword $(wildcard $(foreach d,$(subst :, ,$(PATH)) /usr/bin /usr/sbin,$(d)/apxs $(d)/apxs2)))
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
MODULE := $(TARGET)/release/libmod_rjk.so
RJK    := $(TARGET)/release/rjk
TOOLS  := $(TARGET)/tools
DENY_VERSION := 0.20.2
CARGO_DENY   := $(TOOLS)/bin/cargo-deny-$(DENY_VERSION)
CYCLONEDX_VERSION := 0.5.9
CYCLONEDX    := $(TOOLS)/cyclonedx-$(CYCLONEDX_VERSION)
VERSION      := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
KEEP   ?=
# Tests at the same time: most of them wait. Those that measure take turns by themselves.
export RUST_TEST_THREADS ?= 8

# The policies are a workspace of their own; here they are built for this machine.
IN_PLUGINS := --manifest-path plugins/Cargo.toml --target-dir '$(TARGET)/plugins-native'

# The fuzz targets are a workspace of their own, too. Looking at them needs no libFuzzer: with this
# variable its crate takes a built one, which only the linker would miss.
IN_FUZZ   := --manifest-path tests/fuzz/Cargo.toml
LIBFUZZER := CUSTOM_LIBFUZZER_PATH=/not-linked/libfuzzer.a

# The race checks are a workspace of their own as well, for loom brings what may not be linked in.
IN_RACE   := --manifest-path tests/race/Cargo.toml --target-dir '$(TARGET)/race'

# For targets whose last program needs root: cargo runs as the user also below sudo, whose environment is another one.
AS_USER := tests/tools/run-as user $(if $(CARGO_TARGET_DIR),env CARGO_TARGET_DIR='$(TARGET)')
AS_ROOT := tests/tools/run-as root

# A cargo that rustup installed but no profile put on the PATH.
export PATH := $(PATH):$(HOME)/.cargo/bin

.DEFAULT_GOAL := build
.PHONY: help build plugins install demo lab test race miri parity rows bench profile lint fuzz inventory packed deb rpm test-packages clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | while IFS="$$(printf '\t')" read -r name text; do \
	    printf '  make %-13s %s\n' "$$name" "$$text"; done

build: ## the module and rjk, below target/release (needs httpd's headers, libclang and cargo)
	$(CARGO) build --release -p mod_rjk -p rjk

plugins: ## the routing policies of plugins/: target/policies/NAME.wasm
	plugins/build

install: ## copy mod_rjk.so, and rjk with its manual if it was built, to where apxs says; DESTDIR and APXS are honoured
	@test -f '$(MODULE)' || { echo "$(MODULE) is missing: run 'make' first" >&2; exit 1; }
	@test -x '$(APXS)' || { echo "apxs was not found (APXS=$(APXS)): install apache2-dev or httpd-devel, or set APXS" >&2; exit 1; }
	@put() { install -d "$$1" && install -m "$$3" "$$4" "$$1/.$$2.new" && mv -f "$$1/.$$2.new" "$$1/$$2" && \
	    echo "installed $$1/$$2"; }; \
	put '$(DESTDIR)'"$$('$(APXS)' -q LIBEXECDIR)" mod_rjk.so 644 '$(MODULE)' && \
	if [ -f '$(RJK)' ]; then put '$(DESTDIR)'"$$('$(APXS)' -q BINDIR)" rjk 755 '$(RJK)' && \
	    '$(RJK)' manual --into '$(DESTDIR)'"$$('$(APXS)' -q exp_mandir)" | sed 's/^/installed /'; fi && \
	echo "A running httpd goes on with the module it has loaded: stop it and start it again."

demo: ## two Tomcats, one is killed, the session lives on; KEEP=1 stays up for your browser
	@tests/tools/install-packages demo
	$(CARGO) build --profile demo --no-default-features -p mod_rjk --lib -p rjk-testbed --bin demo
	@RJK_MODULE='$(TARGET)/demo/libmod_rjk.so' '$(TARGET)/demo/demo' $(if $(KEEP),--keep)

# LAB_MODULE=mod_jk needs nothing of ours, RJK_MODULE names what is built already.
lab: ## two web hosts, four Tomcats and their network in namespaces, and all that can happen; KEEP=1 stays up (root, or sudo)
	@tests/tools/run-as check lab
	@tests/tools/install-packages lab
	$(if $(filter mod_jk,$(LAB_MODULE))$(RJK_MODULE),,$(AS_USER) $(CARGO) build --release -p mod_rjk -p rjk)
	$(AS_USER) $(CARGO) build -p rjk-testbed --bin lab
	@$(AS_USER) mkdir -p target/lab/logs
	@$(AS_ROOT) env RJK_MODULE='$(or $(RJK_MODULE),$(MODULE))' LAB_MODULE='$(LAB_MODULE)' '$(TARGET)/debug/lab' $(if $(KEEP),--keep)

test: ## everything: packages, formatting, lints, races, unit, property and end-to-end tests
	@tests/tools/install-packages test
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory race
	$(CARGO) build --release -p mod_rjk -p rjk
	plugins/build
	plugins/build fixtures
	@status=0; \
	$(CARGO) test $(IN_PLUGINS) --workspace --no-fail-fast || status=1; \
	RJK_MODULE='$(MODULE)' $(CARGO) test --workspace --no-fail-fast || status=1; \
	exit $$status

race: ## what children share without a lock and threads with one, in the orders of steps that loom finds: MODEL='part of a name'
	$(CARGO) run --locked $(IN_RACE) -- '$(MODEL)'

# Not part of `make test`: it needs a nightly toolchain, which nothing else here does.
miri: ## unit tests of safe crates in an interpreter that sees undefined behaviour and data races: CRATES='balance log'
	@TARGET='$(TARGET)' tests/tools/miri $(CRATES)

parity: ## mod_jk row by row: the same asked of both modules, each difference with its reason, the wire read by tshark
	@tests/tools/install-packages test
	$(CARGO) build --release -p mod_rjk -p rjk
	@RJK_MODULE='$(MODULE)' $(CARGO) test -q -p rjk-testbed --test parity -- --report

rows: ## docs/mod_jk-rows.md, anew from tests/parity/rows and the cases
	$(CARGO) test -q -p rjk-testbed --test parity -- --write-rows

bench: ## mod_rjk beside mod_jk and mod_proxy: tables and plots below target/bench; QUICK=1, POINTS=base,…, DOCS=1 (docs/performance.md)
	@tests/tools/install-packages bench
	plugins/build header-route
	$(CARGO) build --release -p mod_rjk -p rjk
	$(CARGO) build --profile load -p rjk-testbed --bin bench
	@RJK_MODULE='$(MODULE)' '$(TARGET)/load/bench' $(if $(QUICK),--quick) $(if $(POINTS),--points '$(POINTS)') $(if $(DOCS),--docs)

profile: ## profile/requests.profdata anew: what requests run, for the compiler (profile/README.md)
	@tests/tools/install-packages bench
	plugins/build header-route
	profile/count

lint: $(CARGO_DENY) ## formatting, clippy with warnings denied, licences and sources of what we use
	@tests/tools/install-packages lint
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) fmt --manifest-path plugins/Cargo.toml --all --check
	$(CARGO) clippy $(IN_PLUGINS) --workspace --all-targets -- -D warnings
	$(CARGO) fmt $(IN_FUZZ) --check
	$(LIBFUZZER) $(CARGO) clippy $(IN_FUZZ) --target-dir '$(TARGET)/fuzz' --all-targets -- -D warnings
	$(CARGO) fmt --manifest-path tests/race/Cargo.toml --check
	$(CARGO) clippy --locked $(IN_RACE) -- -D warnings
	$(CARGO_DENY) --workspace check licenses bans sources
	$(CARGO_DENY) --manifest-path plugins/Cargo.toml --workspace --config deny.toml check \
	    --allow license-not-encountered --allow unmatched-skip licenses bans sources

# Its version is in its name, so that another pin brings another program.
$(CYCLONEDX):
	$(CARGO) install cargo-cyclonedx --version $(CYCLONEDX_VERSION) --locked --debug --root '$@.new'
	@mv '$@.new' '$@'

$(CARGO_DENY):
	$(CARGO) install cargo-deny --version $(DENY_VERSION) --locked --debug --root '$(TOOLS)'
	@mv '$(TOOLS)/bin/cargo-deny' '$@'

fuzz: ## every fuzz target for a minute, or SECONDS_PER_TARGET
	@tests/tools/install-packages fuzz
	tests/fuzz/run

inventory: $(CYCLONEDX) ## what is linked in: bills of materials and licences, below target/inventory
	@PATH='$(CYCLONEDX)/bin':"$$PATH" packaging/inventory '$(TARGET)/inventory'

# What the packages hold is built apart: without paths of the machine that built it.
PACKED   := $(TARGET)/packed
CARGO_AT := $(or $(CARGO_HOME),$(HOME)/.cargo)
SHIPPED  := canary consistent-hash header-route least-latency tenant-quota warm-up c-path-route as-load-shed
SHIPPED_FILES := $(SHIPPED:%=$(CURDIR)/target/policies/%.wasm)
SELINUX  := mod_rjk mod_rjk_socket

packed: inventory ## the module and rjk for the packages, without paths of this machine, below target/packed
	RUSTFLAGS='--remap-path-prefix=$(CARGO_AT)=/cargo --remap-path-prefix=$(CURDIR)=/mod_rjk' \
	    $(CARGO) build --release --target-dir '$(PACKED)' -p mod_rjk -p rjk
	plugins/build $(SHIPPED)

deb: ## the Debian package, below target/packages (on Debian, Ubuntu)
	@tests/tools/install-packages packages
	@test "$$(dpkg-parsechangelog --show-field Version)" = '$(VERSION)' || { \
	    echo "debian/changelog has another version than Cargo.toml, $(VERSION)" >&2; exit 1; }
	$(MAKE) --no-print-directory packed
	BUILT='$(PACKED)/release' POLICIES='$(SHIPPED_FILES)' INVENTORY='$(TARGET)/inventory' PACKAGES='$(TARGET)/packages' \
	    debian/rules clean binary clean
	@ls '$(TARGET)/packages'

rpm: ## the RPM for Rocky and RHEL 9, below target/packages (on Debian, Ubuntu)
	@tests/tools/install-packages packages
	$(MAKE) --no-print-directory packed
	@mkdir -p '$(TARGET)/packages' '$(TARGET)/selinux'
	for name in $(SELINUX); do \
	    checkmodule -M -m -o "$(TARGET)/selinux/$$name.mod" "packaging/selinux/$$name.te" && \
	    semodule_package -o "$(TARGET)/selinux/$$name.pp" -m "$(TARGET)/selinux/$$name.mod" || exit 1; \
	done
	rpmbuild -bb --quiet --define '_topdir $(TARGET)/rpm' --define '_rpmdir $(TARGET)/packages' --define '_buildhost localhost' \
	    --define 'rjk_built $(PACKED)/release' --define 'rjk_policies $(SHIPPED_FILES)' \
	    --define 'rjk_inventory $(TARGET)/inventory' --define 'rjk_selinux $(SELINUX:%=$(TARGET)/selinux/%.pp)' \
	    --define 'rjk_source $(CURDIR)' --define 'rjk_version $(VERSION)' packaging/rpm/mod_rjk.spec
	@ls '$(TARGET)'/packages/*/

test-packages: ## the Debian package installed and used on a copy of the file system, the RPM looked into (root, or sudo)
	@tests/tools/run-as check test-packages
	@tests/tools/install-packages packages
	$(AS_USER) $(MAKE) --no-print-directory deb
	$(AS_USER) $(MAKE) --no-print-directory rpm
	$(AS_USER) $(CARGO) build -p rjk-testbed --bin packages
	@$(AS_ROOT) '$(TARGET)/debug/packages' '$(TARGET)/packages/libapache2-mod-rjk_$(VERSION)_'*.deb \
	    '$(TARGET)'/packages/*/mod_rjk-'$(VERSION)'-*.rpm

clean: ## remove what was built
	$(CARGO) clean
