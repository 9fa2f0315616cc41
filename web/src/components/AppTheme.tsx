import { Theme } from '@radix-ui/themes'
import { type ReactNode, useLayoutEffect } from 'react'
import { useAppearance } from '../lib/preferences'

export function AppTheme({ children }: { children: ReactNode }) {
  const appearance = useAppearance()

  /* scroll bars and form controls of the browser itself */
  useLayoutEffect(() => {
    document.documentElement.style.colorScheme = appearance
  }, [appearance])

  return (
    <Theme appearance={appearance} accentColor="iris" grayColor="slate" radius="large" className="td-theme">
      {children}
    </Theme>
  )
}
