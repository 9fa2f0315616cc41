
/*
 * The calls of the API: the only place that says who may do what.  A request
 * that no line names is refused, and so is a caller that its line does not
 * name: the least role, what an API token must be good for, and the body that
 * may come.
 */


#include "ngx_tidraw_http.h"


ngx_tidraw_route_t  ngx_tidraw_routes[] = {

    { NGX_HTTP_GET, "healthz",
      NGX_TIDRAW_WHO_ANYONE, NGX_TIDRAW_SCOPE_ANY,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_healthz },
    { NGX_HTTP_GET, "api/config",
      NGX_TIDRAW_WHO_ANYONE, NGX_TIDRAW_SCOPE_ANY,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_config },

    { NGX_HTTP_GET, "api/auth/session",
      NGX_TIDRAW_WHO_ANYONE_KNOWN, NGX_TIDRAW_SCOPE_ANY,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_session },
    { NGX_HTTP_POST, "api/auth/register",
      NGX_TIDRAW_WHO_ANYONE, NGX_TIDRAW_SCOPE_ANY,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_register },
    { NGX_HTTP_POST, "api/auth/login",
      NGX_TIDRAW_WHO_ANYONE, NGX_TIDRAW_SCOPE_ANY,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_login },
    { NGX_HTTP_POST, "api/auth/logout",
      NGX_TIDRAW_WHO_SESSION, NGX_TIDRAW_SCOPE_SESSION,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_logout },

    { NGX_HTTP_GET, "api/me",
      NGX_TIDRAW_WHO_SESSION, NGX_TIDRAW_SCOPE_READ,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_me },
    { NGX_HTTP_PATCH, "api/me",
      NGX_TIDRAW_WHO_SESSION, NGX_TIDRAW_SCOPE_SESSION,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_me_patch },

    { NGX_HTTP_GET, "api/rooms",
      NGX_TIDRAW_WHO_SESSION, NGX_TIDRAW_SCOPE_READ,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_rooms_list },
    { NGX_HTTP_POST, "api/rooms",
      NGX_TIDRAW_WHO_SESSION, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_rooms_create },
    { NGX_HTTP_GET, "api/rooms/:",
      NGX_TIDRAW_WHO_VIEWER, NGX_TIDRAW_SCOPE_READ,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_room_get },
    { NGX_HTTP_PATCH, "api/rooms/:",
      NGX_TIDRAW_WHO_EDITOR, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_room_patch },
    { NGX_HTTP_DELETE, "api/rooms/:",
      NGX_TIDRAW_WHO_OWNER, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_room_delete },
    { NGX_HTTP_POST, "api/rooms/:/restore",
      NGX_TIDRAW_WHO_OWNER_BIN, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_room_restore },

    { NGX_HTTP_PUT, "api/rooms/:/favourite",
      NGX_TIDRAW_WHO_VIEWER_SESSION, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_favourite_put },
    { NGX_HTTP_DELETE, "api/rooms/:/favourite",
      NGX_TIDRAW_WHO_VIEWER_SESSION, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_favourite_delete },
    { NGX_HTTP_PUT, "api/rooms/:/folder",
      NGX_TIDRAW_WHO_VIEWER_SESSION, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_folder_put },

    { NGX_HTTP_GET, "api/folders",
      NGX_TIDRAW_WHO_SESSION, NGX_TIDRAW_SCOPE_READ,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_folders_list },
    { NGX_HTTP_POST, "api/folders",
      NGX_TIDRAW_WHO_SESSION, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_folders_create },
    { NGX_HTTP_PATCH, "api/folders/:",
      NGX_TIDRAW_WHO_SESSION, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_folder_patch },
    { NGX_HTTP_DELETE, "api/folders/:",
      NGX_TIDRAW_WHO_SESSION, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_folder_delete },

    { NGX_HTTP_GET, "api/rooms/:/members",
      NGX_TIDRAW_WHO_VIEWER_SESSION, NGX_TIDRAW_SCOPE_READ,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_members_list },
    { NGX_HTTP_POST, "api/rooms/:/members",
      NGX_TIDRAW_WHO_OWNER, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_members_add },
    { NGX_HTTP_PUT, "api/rooms/:/members/:",
      NGX_TIDRAW_WHO_OWNER, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_member_put },
    { NGX_HTTP_DELETE, "api/rooms/:/members/:",
      NGX_TIDRAW_WHO_OWNER_OR_SELF, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_member_delete },

    { NGX_HTTP_GET, "api/rooms/:/links",
      NGX_TIDRAW_WHO_EDITOR_MEMBER, NGX_TIDRAW_SCOPE_READ,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_links_list },
    { NGX_HTTP_POST, "api/rooms/:/links",
      NGX_TIDRAW_WHO_OWNER, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_links_create },
    { NGX_HTTP_DELETE, "api/rooms/:/links/:",
      NGX_TIDRAW_WHO_OWNER, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_link_delete },

    { NGX_HTTP_GET, "api/rooms/:/invites",
      NGX_TIDRAW_WHO_OWNER, NGX_TIDRAW_SCOPE_READ,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_invites_list },
    { NGX_HTTP_POST, "api/rooms/:/invites",
      NGX_TIDRAW_WHO_OWNER, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_invites_create },
    { NGX_HTTP_DELETE, "api/rooms/:/invites/:",
      NGX_TIDRAW_WHO_OWNER, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_invite_delete },

    { NGX_HTTP_GET, "api/invites/@",
      NGX_TIDRAW_WHO_ANYONE, NGX_TIDRAW_SCOPE_ANY,
      NGX_TIDRAW_BODY_NONE, ngx_tidraw_http_invite_get },
    { NGX_HTTP_POST, "api/invites/@",
      NGX_TIDRAW_WHO_SESSION, NGX_TIDRAW_SCOPE_WRITE,
      NGX_TIDRAW_BODY_JSON, ngx_tidraw_http_invite_accept },

    { 0, NULL, NGX_TIDRAW_WHO_NOBODY, NGX_TIDRAW_SCOPE_SESSION,
      NGX_TIDRAW_BODY_NONE, NULL }
};
