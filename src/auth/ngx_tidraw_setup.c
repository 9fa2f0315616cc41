
/*
 * The first start: the code for the first account.  The code is written to
 * the error log only, by one worker, once a start.  The administrator of the
 * environment is made by one worker of each host, of which one succeeds: it
 * takes the same right as whoever comes with the code.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw_activity.h"
#include "ngx_tidraw_setup.h"
#include "ngx_tidraw_token.h"


#define NGX_TIDRAW_SETUP_CODE_LEN    12
#define NGX_TIDRAW_SETUP_RETRY       5000
#define NGX_TIDRAW_SETUP_COLOR       "#5b5bd6"


static void ngx_tidraw_setup_offer(ngx_tidraw_setup_t *setup);
static void ngx_tidraw_setup_offered(ngx_tidraw_op_t *op);
static void ngx_tidraw_setup_admin(ngx_tidraw_setup_t *setup);
static void ngx_tidraw_setup_hashed(ngx_tidraw_password_t *job);
static void ngx_tidraw_setup_made(ngx_tidraw_op_t *op);
static void ngx_tidraw_setup_retry(ngx_event_t *ev);
static void ngx_tidraw_setup_code(ngx_tidraw_site_t *site, ngx_str_t *id,
    u_char *code);
static void ngx_tidraw_setup_hash(u_char *code, u_char *hash);


void
ngx_tidraw_setup_start(ngx_tidraw_setup_t *setup, ngx_tidraw_site_t *site,
    ngx_tidraw_passwords_t *passwords)
{
    setup->site = site;
    setup->passwords = passwords;

    setup->dummy.fd = (ngx_socket_t) -1;
    setup->dummy.data = setup;

    setup->retry.data = &setup->dummy;
    setup->retry.handler = ngx_tidraw_setup_retry;
    setup->retry.log = site->log;
    setup->retry.cancelable = 1;

    ngx_tidraw_setup_offer(setup);
}


void
ngx_tidraw_setup_stop(ngx_tidraw_setup_t *setup)
{
    if (setup->op != NULL) {
        ngx_tidraw_op_cancel(setup->op);
        setup->op = NULL;
    }

    if (setup->hashing != NULL) {
        ngx_tidraw_password_cancel(setup->hashing);
        setup->hashing = NULL;
    }

    if (setup->retry.timer_set) {
        ngx_del_timer(&setup->retry);
    }
}


static void
ngx_tidraw_setup_offer(ngx_tidraw_setup_t *setup)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_op_create(setup->site->store, 1);
    if (op == NULL) {
        ngx_add_timer(&setup->retry, NGX_TIDRAW_SETUP_RETRY);
        return;
    }

    ngx_tidraw_setup_step(setup, op);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SETUP_GET, "");
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_ANY, "");

    setup->op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_setup_offered, setup);
}


void
ngx_tidraw_setup_step(ngx_tidraw_setup_t *setup, ngx_tidraw_op_t *op)
{
    u_char     id[NGX_TIDRAW_ID_LEN], code[NGX_TIDRAW_SETUP_CODE_LEN];
    u_char     value[NGX_TIDRAW_ID_LEN + 1 + NGX_TIDRAW_HASH_LEN];
    ngx_str_t  s;

    ngx_tidraw_random_id(id, 16);

    s.len = NGX_TIDRAW_ID_LEN;
    s.data = id;
    ngx_tidraw_setup_code(setup->site, &s, code);

    ngx_memcpy(value, id, NGX_TIDRAW_ID_LEN);
    value[NGX_TIDRAW_ID_LEN] = ':';
    ngx_tidraw_setup_hash(code, value + NGX_TIDRAW_ID_LEN + 1);

    s.len = sizeof(value);
    s.data = value;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SETUP_OFFER, "s", &s);
}


static void
ngx_tidraw_setup_offered(ngx_tidraw_op_t *op)
{
    u_char               code[NGX_TIDRAW_SETUP_CODE_LEN];
    u_char               hash[NGX_TIDRAW_HASH_LEN];
    u_char               shown[NGX_TIDRAW_SETUP_CODE_LEN + sizeof("--") - 1];
    ngx_str_t            value, id, text;
    ngx_uint_t           level;
    ngx_tidraw_setup_t  *setup;

    setup = op->data;
    setup->op = NULL;

    if (op->rc != NGX_OK) {
        ngx_add_timer(&setup->retry, NGX_TIDRAW_SETUP_RETRY);
        return;
    }

    if (ngx_tidraw_cell_int(&op->results[2], 0, 0) != 0) {
        setup->done = 1;
        return;
    }

    if (ngx_worker != 0 || setup->logged || op->results[1].nrows == 0) {
        return;
    }

    if (setup->site->first.email.len != 0) {
        ngx_tidraw_setup_admin(setup);
        return;
    }

    value = ngx_tidraw_cell_str(&op->results[1], 0, 0);

    if (value.len != NGX_TIDRAW_ID_LEN + 1 + NGX_TIDRAW_HASH_LEN) {
        return;
    }

    id.len = NGX_TIDRAW_ID_LEN;
    id.data = value.data;

    ngx_tidraw_setup_code(setup->site, &id, code);
    ngx_tidraw_setup_hash(code, hash);

    if (ngx_memcmp(hash, value.data + NGX_TIDRAW_ID_LEN + 1,
                   NGX_TIDRAW_HASH_LEN)
        != 0)
    {
        /* another host with another secret made it, and has logged it */
        return;
    }

    setup->logged = 1;

    /* whoever keeps errors only needs the code nevertheless */

    text.data = shown;
    text.len = ngx_sprintf(shown, "%*s-%*s-%*s", (size_t) 4, code,
                           (size_t) 4, code + 4, (size_t) 4, code + 8)
               - shown;

    level = ngx_min(NGX_LOG_NOTICE, setup->site->log->log_level);
    level = ngx_max(NGX_LOG_ERR, level);

    ngx_tidraw_log(level, setup->site->log, 0, "setup_code", "code=%V hint=%s",
                   &text,
                   "no account yet: whoever registers elsewhere than on this "
                   "machine enters it");
}


static void
ngx_tidraw_setup_admin(ngx_tidraw_setup_t *setup)
{
    setup->hashing = ngx_tidraw_password_hash(setup->passwords,
                                              &setup->site->first.password,
                                              ngx_tidraw_setup_hashed, setup);

    if (setup->hashing == NULL) {
        ngx_add_timer(&setup->retry, NGX_TIDRAW_SETUP_RETRY);
    }
}


static void
ngx_tidraw_setup_hashed(ngx_tidraw_password_t *job)
{
    u_char                  raw[NGX_TIDRAW_ID_LEN];
    int64_t                 now;
    ngx_str_t               id, color;
    ngx_tidraw_op_t        *op;
    ngx_tidraw_setup_t     *setup;
    ngx_tidraw_first_t     *first;
    ngx_tidraw_activity_t   a;

    setup = job->data;
    setup->hashing = NULL;

    first = &setup->site->first;
    op = NULL;

    if (job->rc == NGX_OK) {
        op = ngx_tidraw_op_create(setup->site->store, 1);
    }

    if (op == NULL) {
        ngx_add_timer(&setup->retry, NGX_TIDRAW_SETUP_RETRY);
        return;
    }

    ngx_tidraw_random_id(raw, 16);

    id.len = NGX_TIDRAW_ID_LEN;
    id.data = raw;

    ngx_str_set(&color, NGX_TIDRAW_SETUP_COLOR);
    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SETUP_TAKE, "");
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_CREATE_FIRST, "sssssi",
                              &id, &first->email, &first->name, &color,
                              &job->hash, now);

    ngx_memzero(&a, sizeof(ngx_tidraw_activity_t));

    a.action = "user.created";
    a.actor = &id;
    a.actor_name = &first->name;
    a.target = &first->email;

    ngx_tidraw_activity_step(op, &a);

    setup->op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_setup_made, setup);
}


static void
ngx_tidraw_setup_made(ngx_tidraw_op_t *op)
{
    ngx_tidraw_setup_t  *setup;

    setup = op->data;
    setup->op = NULL;

    if (op->rc == NGX_OK) {
        setup->done = 1;

        ngx_tidraw_log(NGX_LOG_NOTICE, setup->site->log, 0, "admin_made",
                       "email=%V", &setup->site->first.email);
        return;
    }

    /* another one was first, or the database is away: look again */

    ngx_add_timer(&setup->retry, NGX_TIDRAW_SETUP_RETRY);
}


static void
ngx_tidraw_setup_retry(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;
    ev->timedout = 0;

    ngx_tidraw_setup_offer(c->data);
}


static void
ngx_tidraw_setup_code(ngx_tidraw_site_t *site, ngx_str_t *id, u_char *code)
{
    u_char      token[NGX_TIDRAW_TOKEN_LEN];
    u_char      raw[32];
    ngx_uint_t  i;

    /* 24 letters that are hard to mix up: 55 bits */

    static u_char  letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ";

    ngx_tidraw_token_derive(site, "setup:", id, token);

    crypto_generichash(raw, sizeof(raw), token, sizeof(token), NULL, 0);

    for (i = 0; i < NGX_TIDRAW_SETUP_CODE_LEN; i++) {
        code[i] = letters[raw[i] % 24];
    }
}


static void
ngx_tidraw_setup_hash(u_char *code, u_char *hash)
{
    ngx_str_t  s;

    s.len = NGX_TIDRAW_SETUP_CODE_LEN;
    s.data = code;

    ngx_tidraw_token_hash(&s, hash);
}


ngx_uint_t
ngx_tidraw_setup_check(ngx_str_t *value, ngx_str_t *given)
{
    u_char  c, code[NGX_TIDRAW_SETUP_CODE_LEN], hash[NGX_TIDRAW_HASH_LEN];
    size_t  i, n;

    n = 0;

    for (i = 0; i < given->len; i++) {
        c = given->data[i];

        if (c == ' ' || c == '-') {
            continue;
        }

        if (n == NGX_TIDRAW_SETUP_CODE_LEN) {
            return 0;
        }

        code[n++] = ngx_toupper(c);
    }

    if (n != NGX_TIDRAW_SETUP_CODE_LEN
        || value->len != NGX_TIDRAW_ID_LEN + 1 + NGX_TIDRAW_HASH_LEN)
    {
        return 0;
    }

    ngx_tidraw_setup_hash(code, hash);

    return sodium_memcmp(hash, value->data + NGX_TIDRAW_ID_LEN + 1,
                         NGX_TIDRAW_HASH_LEN)
           == 0;
}
