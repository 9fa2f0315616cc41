
# Tidraw.  "make run" is all it takes; the other targets are for those who
# change something.  Everything that is built lands in build/ and web/dist/.

NGINX_BIN  ?= /usr/sbin/nginx
NGINX_SRC  ?= /usr/share/nginx/src
JOBS       ?= $(shell nproc)

DESTDIR    ?=
MODULESDIR ?= /usr/lib/nginx/modules
DATADIR    ?= /usr/share/tidraw
CONFDIR    ?= /etc/nginx

export NGINX_BIN NGINX_SRC

NAME       := ngx_http_tidraw_module.so
MODULE     := build/$(NAME)
ASAN       := build/asan/$(NAME)
TREE       := build/nginx

SOURCES    := $(shell find src -name '*.[ch]')
WEB_INPUT  := $(shell find web \( -name node_modules -o -name dist \) -prune \
                           -o -type f -print 2> /dev/null)

TEST_LOCKS := $(wildcard web/schema/package-lock.json \
                         t/browser/package-lock.json \
                         t/mail/package-lock.json \
                         t/s3/package-lock.json \
                         t/ship/package-lock.json \
                         t/sync/package-lock.json \
                         t/unit/vectors/package-lock.json)

# nginx reads unaligned on purpose and copies empty strings from NULL.

ASAN_FLAGS := -fsanitize=address,undefined \
              -fno-sanitize=alignment,nonnull-attribute \
              -fno-omit-frame-pointer -O1 -g

.DELETE_ON_ERROR:

.PHONY: all module asan web run test bench install clean static lint sources \
        backup restore single deb


all: module web
	@:

module: $(MODULE)

asan: $(ASAN)

$(TREE)/objs/Makefile: config tools/nginx-tree.sh \
                      $(wildcard $(NGINX_SRC)/conf_flags)
	@echo "configuring the module"
	@tools/nginx-tree.sh $(TREE) $(NGINX_SRC)

$(MODULE): $(TREE)/objs/Makefile $(SOURCES)
	@echo "building the module"
	@$(MAKE) -s -j$(JOBS) -C $(TREE) -f objs/Makefile modules
	@tools/symbols.sh $(TREE)/objs/ngx_tidraw_module.so
	@cp $(TREE)/objs/ngx_tidraw_module.so $@.new && mv $@.new $@

# The same objects under the sanitizers, for the tests: the configured tree
# once more, with other flags for the compiler.

ASAN_TREE  := build/asan/nginx

$(ASAN_TREE)/objs/Makefile: $(TREE)/objs/Makefile
	@rm -rf $(ASAN_TREE)
	@mkdir -p build/asan
	@cp -r $(TREE) $(ASAN_TREE)
	@find $(ASAN_TREE)/objs -name '*.o' -delete

$(ASAN): $(ASAN_TREE)/objs/Makefile $(SOURCES)
	@echo "building the module with sanitizers"
	@$(MAKE) -s -j$(JOBS) -C $(ASAN_TREE) -f objs/Makefile modules \
	    CFLAGS="-pipe -W -Wall -Wpointer-arith -Wno-unused-parameter \
	            -Werror $(ASAN_FLAGS)" \
	    LINK="$(CC) $(ASAN_FLAGS)"
	@cp $(ASAN_TREE)/objs/ngx_tidraw_module.so $@.new && mv $@.new $@


ifeq ($(wildcard web/package.json),)

web:
	@echo "There is no web app here (web/package.json): not built."

else

web: web/dist/openapi.json

# The description of the API, which the module serves as api/openapi.json.

web/dist/openapi.json: docs/openapi.json web/dist/index.html
	@cp docs/openapi.json $@

web/dist/index.html: web/node_modules/.stamp $(WEB_INPUT)
	@echo "building the web app"
	@cd web && npm run -s build -- --logLevel warn
	@touch $@

endif


run:
	@tools/deps.sh run
	@$(MAKE) --no-print-directory all
	@tools/run.pl

test:
	@tools/deps.sh test
	@$(MAKE) --no-print-directory all asan
	@$(MAKE) --no-print-directory test-packages
	@tools/test.sh $(T)

.PHONY: test-packages
test-packages: $(patsubst %/package-lock.json,%/node_modules/.stamp,\
                 $(TEST_LOCKS))

%/node_modules/.stamp: %/package-lock.json
	@echo "fetching the packages of $*"
	@cd $* && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# The faults in full: hours rather than minutes, one after the other, the
# module without sanitizers.

.PHONY: test-faults
test-faults:
	@tools/deps.sh test
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory test-packages
	@LONG=1 TIDRAW_ASAN=0 tools/test.sh $(or $(T),t/faults)

# What "make run" serves: it is told the same variables.  FROM= for restore.

backup:
	@tools/backup.sh

restore:
	@tools/backup.sh restore $(FROM)

bench: all
	@tools/deps.sh test
	@$(MAKE) --no-print-directory -C t/bench

# Our files alone, by both compilers with all warnings, nginx's headers as
# system headers.

lint: $(TREE)/objs/Makefile
	@tools/lint.sh $(TREE)

# Whether everything that Tidraw needs is there; DATABASE_URL and so on.

.PHONY: doctor
doctor:
	@tools/doctor

static:
	@tools/static.sh

# One executable with everything inside, build/tidraw.

single: web
	@tools/single.sh

# The Debian package for the installed nginx, build/deb/*.deb.

deb: web
	@tools/deps.sh deb
	@tools/deb.sh

# Each of the ways to install, from nothing, by the packages of a Debian that
# is unpacked for it: as root, some minutes.

.PHONY: test-ship
test-ship:
	@tools/deps.sh test
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory test-packages
	@LONG=1 TIDRAW_ASAN=0 tools/test.sh $(or $(T),t/ship)

sources:
	@tools/sources.sh

install: all
	install -d $(DESTDIR)$(MODULESDIR) $(DESTDIR)$(DATADIR)/web \
	    $(DESTDIR)$(DATADIR)/schema $(DESTDIR)$(CONFDIR)/modules-available \
	    $(DESTDIR)$(CONFDIR)/snippets
	install -m 644 conf/passwords.txt $(DESTDIR)$(DATADIR)/
	install -m 755 tools/move-files.sh tools/strays.sh \
	    $(DESTDIR)$(DATADIR)/
	install -m 755 tools/admin-password.sh tools/doctor \
	    tools/backup.sh tools/downgrade.sh \
	    $(DESTDIR)$(DATADIR)/
	install -m 644 conf/downgrade.sql tools/url.sh tools/s3.sh \
	    $(DESTDIR)$(DATADIR)/
	tools/version.sh > $(DESTDIR)$(DATADIR)/version
	install -d $(DESTDIR)$(DATADIR)/monitoring
	install -m 644 conf/monitoring/* $(DESTDIR)$(DATADIR)/monitoring/
	install -m 644 $(MODULE) $(DESTDIR)$(MODULESDIR)/
	[ ! -d web/dist ] || cp -r web/dist/. $(DESTDIR)$(DATADIR)/web
	install -d $(DESTDIR)$(DATADIR)/templates
	install -m 644 conf/templates/*.json $(DESTDIR)$(DATADIR)/templates
	[ ! -d conf/schema ] || cp -r conf/schema/. $(DESTDIR)$(DATADIR)/schema
	echo 'load_module modules/$(NAME);' \
	    > $(DESTDIR)$(CONFDIR)/modules-available/50-mod-http-tidraw.conf
	install -m 644 conf/tidraw.conf $(DESTDIR)$(CONFDIR)/snippets/

clean:
	rm -rf build web/dist
