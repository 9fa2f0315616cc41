import { IdCardIcon, LockClosedIcon, MixIcon } from '@radix-ui/react-icons'
import { Heading } from '@radix-ui/themes'
import type { ReactNode } from 'react'
import { PageShell } from '../components/PageShell'
import { SideLink, SideNav } from '../components/SideNav'
import { t } from '../texts'

export function AccountShell({ title, children }: { title: string; children: ReactNode }) {
  return (
    <PageShell
      title={title}
      side={
        <SideNav label={t.me.title}>
          <SideLink to="/account" icon={<IdCardIcon />} name={t.me.profile} />
          <SideLink to="/account/security" icon={<LockClosedIcon />} name={t.me.security} />
          <SideLink to="/account/tokens" icon={<MixIcon />} name={t.me.tokens} />
        </SideNav>
      }
    >
      <div className="td-narrow">
        <Heading as="h1" size="7" mb="5">
          {title}
        </Heading>
        {children}
      </div>
    </PageShell>
  )
}
