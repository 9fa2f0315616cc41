// Components of the theme inside the editor, whose own stylesheet gives other
// values to variables of the same names: here the theme's hold again.
import { Theme } from '@radix-ui/themes'
import type { ComponentProps } from 'react'

export function Slot(props: ComponentProps<typeof Theme>) {
  return <Theme hasBackground={false} {...props} />
}
