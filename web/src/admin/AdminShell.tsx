import { ActivityLogIcon, DashboardIcon, GearIcon, LayersIcon, PersonIcon, PieChartIcon } from '@radix-ui/react-icons'
import { Heading } from '@radix-ui/themes'
import type { ReactNode } from 'react'
import { PageShell } from '../components/PageShell'
import { SideLink, SideNav } from '../components/SideNav'
import { t } from '../texts'

export function AdminShell({ title, children }: { title: string; children: ReactNode }) {
  return (
    <PageShell
      title={title}
      side={
        <SideNav label={t.admin.title}>
          <SideLink to="/admin" icon={<DashboardIcon />} name={t.admin.live} />
          <SideLink to="/admin/users" icon={<PersonIcon />} name={t.admin.users} />
          <SideLink to="/admin/boards" icon={<LayersIcon />} name={t.admin.boards} />
          <SideLink to="/admin/storage" icon={<PieChartIcon />} name={t.admin.storage} />
          <SideLink to="/admin/activity" icon={<ActivityLogIcon />} name={t.admin.activity} />
          <SideLink to="/admin/settings" icon={<GearIcon />} name={t.admin.settings} />
        </SideNav>
      }
    >
      <Heading as="h1" size="7" mb="5">
        {title}
      </Heading>
      {children}
    </PageShell>
  )
}
