import type { ReactNode } from 'react'
import { PageShell } from '../components/PageShell'
import { Places } from './Places'

export function BoardsShell({ title, children }: { title: string; children: ReactNode }) {
  return (
    <PageShell title={title} side={<Places />}>
      {children}
    </PageShell>
  )
}
