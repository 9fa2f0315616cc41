/* navigator.clipboard exists on https and localhost only; a server in the
   house is often reached by plain http */
export async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text)
      return true
    } catch {
      /* not allowed: try the old way */
    }
  }

  const area = document.createElement('textarea')
  const focused = document.activeElement
  area.value = text
  area.style.position = 'fixed'
  area.style.opacity = '0'
  /* inside an open dialogue, which keeps the focus to itself */
  ;(focused?.closest('[role=dialog]') ?? document.body).append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  if (focused instanceof HTMLElement) focused.focus()

  return copied
}
