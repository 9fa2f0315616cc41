
/*
 * The first start: as long as nobody has an account, a code stands in the
 * error log that allows to make the first one from elsewhere.  Where the
 * environment names an administrator, a worker makes that account instead.
 *
 * The row "setup_code" of the settings is the right to make it.  It holds a
 * random number and the hash of the code that follows from it and from the
 * secret of the site: the code can be logged again at the next start without
 * being stored.
 */


#ifndef _NGX_TIDRAW_SETUP_H_INCLUDED_
#define _NGX_TIDRAW_SETUP_H_INCLUDED_


#include "ngx_tidraw.h"
#include "ngx_tidraw_password.h"
#include "ngx_tidraw_store.h"


typedef struct {
    ngx_tidraw_site_t       *site;
    ngx_tidraw_passwords_t  *passwords;
    ngx_tidraw_op_t         *op;      /* in flight; cancelled by stop */
    ngx_tidraw_password_t   *hashing; /* the same */
    ngx_event_t              retry;
    ngx_connection_t         dummy;   /* the timer's: nginx's debug log looks
                                         at it */

    unsigned                 done:1;  /* there are accounts: for ever */
    unsigned                 logged:1;
} ngx_tidraw_setup_t;


/*
 * Offers the code when it is needed and logs it, or makes the administrator,
 * in the background.
 */
void ngx_tidraw_setup_start(ngx_tidraw_setup_t *setup,
    ngx_tidraw_site_t *site, ngx_tidraw_passwords_t *passwords);
void ngx_tidraw_setup_stop(ngx_tidraw_setup_t *setup);

/*
 * Appends the step to a writing operation that makes the row, unless there is
 * one or there are accounts.
 */
void ngx_tidraw_setup_step(ngx_tidraw_setup_t *setup, ngx_tidraw_op_t *op);

/*
 * 1 when code is the one that the row's value stands for.  Case, blanks and
 * hyphens do not matter.
 */
ngx_uint_t ngx_tidraw_setup_check(ngx_str_t *value, ngx_str_t *code);


#endif /* _NGX_TIDRAW_SETUP_H_INCLUDED_ */
