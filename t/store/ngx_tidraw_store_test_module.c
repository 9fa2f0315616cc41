
/*
 * For tests only: a location that runs the operations described in the body
 * of a request, all at once, and prints what came back.  One operation starts
 * with a line "r" or "w", a statement with "+NAME"; the lines that follow are
 * its parameters:
 *
 *   i NUMBER     s TEXT     S TEXT (not copied)     x HEX     z COUNT     n
 *
 * "!" after an operation cancels it right after it was started.  Texts longer
 * than 60 bytes are printed as their length and checksum.
 */


#include "ngx_tidraw.h"
#include "ngx_tidraw_store.h"


typedef struct {
    ngx_tidraw_site_t         *site;
} ngx_tidraw_test_conf_t;


typedef struct {
    ngx_http_request_t        *request;     /* NULL: gone */
    ngx_uint_t                 left;
    ngx_pool_t                *pool;
    ngx_chain_t               *out, **last;
    off_t                      size;
} ngx_tidraw_test_t;


typedef struct {
    ngx_tidraw_test_t         *test;
    ngx_tidraw_op_t           *op;
    ngx_uint_t                 number;
    ngx_uint_t                 cancel;
} ngx_tidraw_test_op_t;


static char *ngx_tidraw_test_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void *ngx_tidraw_test_create_conf(ngx_conf_t *cf);
static ngx_int_t ngx_tidraw_test_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_tidraw_test_init_process(ngx_cycle_t *cycle);
static void ngx_tidraw_test_exit_process(ngx_cycle_t *cycle);
static ngx_int_t ngx_tidraw_test_handler(ngx_http_request_t *r);
static void ngx_tidraw_test_body(ngx_http_request_t *r);
static void ngx_tidraw_test_done(ngx_tidraw_op_t *op);
static void ngx_tidraw_test_print(ngx_tidraw_test_t *t, const char *fmt, ...);
static void ngx_tidraw_test_answer(ngx_tidraw_test_t *t);


ngx_module_t  ngx_tidraw_store_test_module;

static ngx_array_t  ngx_tidraw_test_sites;


static ngx_command_t  ngx_tidraw_test_commands[] = {

    { ngx_string("tidraw_store_test"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_test_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_tidraw_test_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    ngx_tidraw_test_create_conf,           /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_tidraw_store_test_module = {
    NGX_MODULE_V1,
    &ngx_tidraw_test_module_ctx,           /* module context */
    ngx_tidraw_test_commands,              /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_tidraw_test_init_module,           /* init module */
    ngx_tidraw_test_init_process,          /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_tidraw_test_exit_process,          /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* what nginx's build makes for a dynamic module */

ngx_module_t  *ngx_modules[] = { &ngx_tidraw_store_test_module, NULL };
char          *ngx_module_names[] = { "ngx_tidraw_store_test_module", NULL };
char          *ngx_module_order[] = { NULL };


#define TD_STMT(name, text)    #name,
#define TD_GUARD(name, text)   #name,

static const char  *ngx_tidraw_test_names[] = {
#include "ngx_tidraw_statements.h"
    NULL
};

#undef TD_STMT
#undef TD_GUARD


static void *
ngx_tidraw_test_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_tidraw_test_conf_t));
}


static char *
ngx_tidraw_test_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_tidraw_test_conf_t  *tcf = conf;

    char                       *wrong;
    ngx_str_t                  *value;
    ngx_tidraw_site_t         **site;
    ngx_http_core_loc_conf_t   *clcf;

    (void) cmd;

    value = cf->args->elts;

    wrong = ngx_tidraw_store_check(&value[1]);
    if (wrong) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" %s", &value[1],
                           wrong);
        return NGX_CONF_ERROR;
    }

    if (ngx_tidraw_test_sites.pool != cf->cycle->pool) {
        if (ngx_array_init(&ngx_tidraw_test_sites, cf->cycle->pool, 4,
                           sizeof(ngx_tidraw_site_t *))
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    tcf->site = ngx_pcalloc(cf->cycle->pool, sizeof(ngx_tidraw_site_t));
    site = ngx_array_push(&ngx_tidraw_test_sites);

    if (tcf->site == NULL || site == NULL) {
        return NGX_CONF_ERROR;
    }

    *site = tcf->site;

    tcf->site->database = value[1];
    tcf->site->log = cf->log;
    tcf->site->thread_pool = ngx_thread_pool_add(cf, NULL);

    if (tcf->site->thread_pool == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_tidraw_test_handler;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_tidraw_test_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t           i;
    ngx_tidraw_site_t  **site;

    if (ngx_test_config) {
        return NGX_OK;
    }

    site = ngx_tidraw_test_sites.elts;

    for (i = 0; i < ngx_tidraw_test_sites.nelts; i++) {
        if (ngx_tidraw_store_prepare(site[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_test_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t           i;
    ngx_tidraw_site_t  **site;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    site = ngx_tidraw_test_sites.elts;

    for (i = 0; i < ngx_tidraw_test_sites.nelts; i++) {
        site[i]->log = cycle->log;
        site[i]->store = ngx_tidraw_store_open(site[i], cycle);

        if (site[i]->store == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_tidraw_test_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t           i;
    ngx_tidraw_site_t  **site;

    (void) cycle;

    site = ngx_tidraw_test_sites.elts;

    for (i = 0; i < ngx_tidraw_test_sites.nelts; i++) {
        if (site[i]->store) {
            ngx_tidraw_store_close(site[i]->store);
            site[i]->store = NULL;
        }
    }
}


static ngx_int_t
ngx_tidraw_test_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_read_client_request_body(r, ngx_tidraw_test_body);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


static ngx_uint_t
ngx_tidraw_test_statement(u_char *p, size_t len)
{
    ngx_uint_t  i;

    for (i = 0; ngx_tidraw_test_names[i]; i++) {
        if (ngx_strlen(ngx_tidraw_test_names[i]) == len
            && ngx_memcmp(ngx_tidraw_test_names[i], p, len) == 0)
        {
            break;
        }
    }

    return i;
}


/* Up to sixteen parameters, eight of which are not null. */

static ngx_int_t
ngx_tidraw_test_step(ngx_tidraw_op_t *op, ngx_uint_t stmt, char *f,
    ngx_str_t *s, int64_t *n)
{
    ngx_uint_t  i, k, texts;

    k = 0;
    texts = 0;

    for (i = 0; f[i]; i++) {
        if (f[i] == 's' || f[i] == 'S') {
            texts |= 1 << k;
        }

        if (f[i] != 'n') {
            k++;
        }
    }

#define TD_ARG(i)  ((texts >> (i)) & 1 ? (uintptr_t) &s[i] : (uintptr_t) n[i])

    /* on the 64-bit machines tests run on, both kinds are passed alike */

    return ngx_tidraw_op_step(op, stmt, f, TD_ARG(0), TD_ARG(1), TD_ARG(2),
                              TD_ARG(3), TD_ARG(4), TD_ARG(5), TD_ARG(6),
                              TD_ARG(7), TD_ARG(8));
}


static void
ngx_tidraw_test_body(ngx_http_request_t *r)
{
    char                     format[17];
    u_char                  *p, *last, *eol, *line;
    size_t                   len, nf, na;
    int64_t                  n[16];
    ngx_str_t                s[16];
    ngx_uint_t               i, j, stmt;
    ngx_array_t              ops;
    ngx_chain_t             *cl;
    ngx_tidraw_op_t         *op;
    ngx_tidraw_test_t       *t;
    ngx_tidraw_test_op_t    *top, **tops;
    ngx_tidraw_test_conf_t  *tcf;

    tcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_store_test_module);

    if (r->request_body == NULL || r->request_body->bufs == NULL
        || r->request_body->temp_file)
    {
        ngx_http_finalize_request(r, NGX_HTTP_BAD_REQUEST);
        return;
    }

    t = ngx_pcalloc(r->pool, sizeof(ngx_tidraw_test_t));

    if (t == NULL
        || ngx_array_init(&ops, r->pool, 16, sizeof(ngx_tidraw_test_op_t *))
           != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    t->request = r;
    t->pool = r->pool;
    t->last = &t->out;

    na = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        na += ngx_buf_size(cl->buf);
    }

    p = ngx_palloc(r->pool, na);
    if (p == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    last = p;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        last = ngx_cpymem(last, cl->buf->pos, ngx_buf_size(cl->buf));
    }

    op = NULL;
    top = NULL;
    stmt = NGX_TIDRAW_STMT_COUNT;
    nf = 0;
    na = 0;

    ngx_tidraw_test_print(t, "ready %ui\n",
                          ngx_tidraw_store_ready(tcf->site->store));

    for ( ;; ) {
        eol = p < last ? ngx_strlchr(p, last, '\n') : NULL;
        line = p;
        len = eol ? (size_t) (eol - p) : 0;
        p = eol ? eol + 1 : last;

        if (stmt != NGX_TIDRAW_STMT_COUNT
            && (eol == NULL || len == 0 || len == 1 || line[0] == '+'
                || line[0] == '!')
            && !(eol && len == 1 && line[0] == 'n'))
        {
            format[nf] = '\0';

            if (ngx_tidraw_test_step(op, stmt, format, s, n) != NGX_OK) {
                ngx_tidraw_test_print(t, "step refused\n");
            }

            stmt = NGX_TIDRAW_STMT_COUNT;
        }

        if (eol == NULL) {
            break;
        }

        if (len == 0) {
            continue;
        }

        if (len == 1 && (line[0] == 'r' || line[0] == 'w')) {

            op = ngx_tidraw_op_create(tcf->site->store, line[0] == 'w');
            if (op == NULL) {
                break;
            }

            top = ngx_palloc(op->pool, sizeof(ngx_tidraw_test_op_t));
            tops = ngx_array_push(&ops);
            *tops = top;

            top->test = t;
            top->op = op;
            top->number = ops.nelts - 1;
            top->cancel = 0;

            continue;
        }

        if (line[0] == '!') {
            top->cancel = 1;
            continue;
        }

        if (line[0] == '+') {
            stmt = ngx_tidraw_test_statement(line + 1, len - 1);
            nf = 0;
            na = 0;

            if (stmt == NGX_TIDRAW_STMT_COUNT) {
                ngx_tidraw_test_print(t, "no statement %*s\n", len, line);
                break;
            }

            continue;
        }

        if (nf == 16) {
            continue;
        }

        format[nf] = line[0];

        switch (line[0]) {

        case 'i':

            if (na == 9) {
                continue;
            }

            n[na++] = strtoll((char *) line + 2, NULL, 10);
            break;

        case 's':
        case 'S':
            s[na].data = ngx_pnalloc(op->pool, len);
            s[na].len = len - 2;
            ngx_memcpy(s[na].data, line + 2, len - 2);
            na++;
            break;

        case 'x':
            format[nf] = 's';
            s[na].len = (len - 2) / 2;
            s[na].data = ngx_pnalloc(r->pool, s[na].len + 1);

            for (j = 0; j < s[na].len; j++) {
                s[na].data[j] = ngx_hextoi(line + 2 + j * 2, 2);
            }

            na++;
            break;

        case 'z':
            format[nf] = 's';
            s[na].len = ngx_atoi(line + 2, len - 2);
            s[na].data = ngx_palloc(r->pool, s[na].len + 1);
            ngx_memset(s[na].data, 'z', s[na].len);
            na++;
            break;
        }

        nf++;
    }

    tops = ops.elts;

    for (i = 0; i < ops.nelts; i++) {
        t->left += !tops[i]->cancel;
    }

    for (i = 0; i < ops.nelts; i++) {
        op = tops[i]->op;

        ngx_tidraw_op_run(op, ngx_tidraw_test_done, tops[i]);

        if (tops[i]->cancel) {
            ngx_tidraw_op_cancel(op);
        }
    }

    if (t->left == 0) {
        ngx_tidraw_test_answer(t);
        return;
    }

    /* who hangs up early does not end the request: operations refer to it */

    r->read_event_handler = ngx_http_block_reading;
}


static void
ngx_tidraw_test_done(ngx_tidraw_op_t *op)
{
    ngx_str_t              v;
    ngx_uint_t             i, row, col;
    ngx_connection_t      *c;
    ngx_tidraw_test_t     *t;
    ngx_tidraw_result_t   *res;
    ngx_tidraw_test_op_t  *top;

    top = op->data;
    t = top->test;

    ngx_tidraw_test_print(t, "op %ui rc %i\n", top->number, op->rc);

    for (i = 0; op->rc == NGX_OK && i < op->nsteps; i++) {
        res = &op->results[i];

        for (row = 0; row < res->nrows; row++) {
            ngx_tidraw_test_print(t, "row %ui.%ui", top->number, i);

            for (col = 0; col < res->ncols; col++) {
                v = ngx_tidraw_cell_str(res, row, col);

                if (res->cells[row * res->ncols + col].data == NULL) {
                    ngx_tidraw_test_print(t, "|NULL");

                } else if (v.data[v.len] != '\0') {
                    ngx_tidraw_test_print(t, "|UNTERMINATED");

                } else if (v.len > 60) {
                    ngx_tidraw_test_print(t, "|#%uz:%08XD", v.len,
                                          ngx_crc32_long(v.data, v.len));
                } else {
                    ngx_tidraw_test_print(t, "|%V", &v);
                }
            }

            ngx_tidraw_test_print(t, "\n");
        }
    }

    if (--t->left == 0) {
        c = t->request->connection;
        ngx_tidraw_test_answer(t);
        ngx_http_run_posted_requests(c);
    }
}


static void
ngx_tidraw_test_print(ngx_tidraw_test_t *t, const char *fmt, ...)
{
    u_char        buf[512], *p;
    va_list       args;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, buf + sizeof(buf), fmt, args);
    va_end(args);

    b = ngx_create_temp_buf(t->pool, p - buf);
    cl = ngx_alloc_chain_link(t->pool);

    if (b == NULL || cl == NULL) {
        return;
    }

    b->last = ngx_cpymem(b->pos, buf, p - buf);
    t->size += p - buf;

    cl->buf = b;
    cl->next = NULL;
    *t->last = cl;
    t->last = &cl->next;
}


static void
ngx_tidraw_test_answer(ngx_tidraw_test_t *t)
{
    ngx_int_t            rc;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = t->request;

    for (cl = t->out; cl->next; cl = cl->next) { /* void */ }

    cl->buf->last_buf = 1;
    cl->buf->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = t->size;

    rc = ngx_http_send_header(r);

    if (rc != NGX_ERROR && rc <= NGX_OK && !r->header_only) {
        rc = ngx_http_output_filter(r, t->out);
    }

    ngx_http_finalize_request(r, rc);
}
