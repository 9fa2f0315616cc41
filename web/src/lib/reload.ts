// Reloads the page for a reason that a reload may mend, at most once a minute
// for each reason, so that a page can never reload itself for ever.

const PAUSE = 60_000

export function reloadOnce(reason: string): boolean {
  const key = `tidraw.reload.${reason}`

  try {
    const last = Number(sessionStorage.getItem(key) ?? 0)
    if (Date.now() - last < PAUSE) return false
    sessionStorage.setItem(key, String(Date.now()))
  } catch {
    return false
  }

  window.location.reload()
  return true
}
