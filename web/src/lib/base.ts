// Where the app lives: the server writes the path of its location into
// <base href>, and every address of the app is made from that.

export const baseUrl = new URL('.', document.baseURI)

/* React Router wants the path without the slash at its end */
export const basename = baseUrl.pathname.replace(/\/$/, '') || '/'

/* nobody else can open addresses with this name */
export const onlyHere = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(baseUrl.hostname)

export function appUrl(path: string): string {
  return new URL(path, baseUrl).href
}

export function boardUrl(id: string, link?: string): string {
  return appUrl(`board/${id}${link ? `?link=${encodeURIComponent(link)}` : ''}`)
}

export function embedUrl(id: string, link: string): string {
  return appUrl(`embed/${id}?link=${encodeURIComponent(link)}`)
}

export function inviteUrl(token: string): string {
  return appUrl(`invite/${token}`)
}

export function socketUrl(id: string, link: string | null): string {
  const url = new URL(`connect/${id}`, baseUrl)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  if (link) url.searchParams.set('link', link)
  return url.href
}
