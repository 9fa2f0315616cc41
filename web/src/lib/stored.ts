// A value that this browser keeps, shared by all tabs. Where the browser
// keeps nothing (private mode, full disk), it lives as long as the page.
import { useSyncExternalStore } from 'react'

interface Stored<T extends object> {
  get(): T
  set(change: Partial<T>): void
  use(): T
}

export function stored<T extends object>(key: string, initial: () => T): Stored<T> {
  const listeners = new Set<() => void>()
  let value = read()

  function read(): T {
    try {
      const text = localStorage.getItem(key)
      const kept: unknown = text ? JSON.parse(text) : null
      if (kept && typeof kept === 'object') return { ...initial(), ...kept }
    } catch {
      /* nothing kept, or not by us */
    }
    return initial()
  }

  function tell() {
    for (const listener of listeners) listener()
  }

  window.addEventListener('storage', (event) => {
    if (event.key !== key && event.key !== null) return
    value = read()
    tell()
  })

  function subscribe(listener: () => void) {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  const get = () => value

  return {
    get,
    set(change) {
      value = { ...value, ...change }
      try {
        localStorage.setItem(key, JSON.stringify(value))
      } catch {
        /* stays in memory */
      }
      tell()
    },
    use: () => useSyncExternalStore(subscribe, get),
  }
}
