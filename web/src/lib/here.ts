import { useLocation } from 'react-router-dom'

/* this page's address inside the app, to come back to after signing in */
export function useHere(): string {
  const { pathname, search } = useLocation()
  return pathname + search
}

/* where to go after signing in: only ever a page of this app */
export function useReturnTo(): string {
  const state = useLocation().state as { from?: unknown } | null
  const from = state?.from
  return typeof from === 'string' && from.startsWith('/') && !from.startsWith('//') ? from : '/'
}
