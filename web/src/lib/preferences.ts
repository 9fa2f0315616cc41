// How this browser likes the app: colours, language of the editor and the
// editor's own switches. One store feeds the pages and tldraw alike.
import { useSyncExternalStore } from 'react'
import type { Sort } from './rooms'
import { stored } from './stored'

export type ColorScheme = 'light' | 'dark' | 'system'

interface Preferences {
  colorScheme: ColorScheme
  locale?: string | null
  animationSpeed?: number | null
  areKeyboardShortcutsEnabled?: boolean | null
  edgeScrollSpeed?: number | null
  isSnapMode?: boolean | null
  isWrapMode?: boolean | null
  isDynamicSizeMode?: boolean | null
  isPasteAtCursorMode?: boolean | null
}

export const preferences = stored<Preferences>('tidraw.preferences', () => ({ colorScheme: 'system' }))

const systemDark = window.matchMedia('(prefers-color-scheme: dark)')

function subscribeSystem(listener: () => void) {
  systemDark.addEventListener('change', listener)
  return () => systemDark.removeEventListener('change', listener)
}

export function useAppearance(): 'light' | 'dark' {
  const dark = useSyncExternalStore(subscribeSystem, () => systemDark.matches)
  const { colorScheme } = preferences.use()

  return colorScheme === 'system' ? (dark ? 'dark' : 'light') : colorScheme
}

/* how this browser likes lists of boards */
export const listPreferences = stored<{ sort: Sort }>('tidraw.list', () => ({ sort: 'updated' }))
