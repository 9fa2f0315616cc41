// Every setting, and where its value comes from.
import { Badge, Callout, Select } from '@radix-ui/themes'
import { InfoCircledIcon } from '@radix-ui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Failed, Loading } from '../components/States'
import { useToast } from '../components/Toasts'
import { type Setting, settingsQuery, useChangeSetting } from '../lib/admin'
import { errorText } from '../lib/errors'
import { t } from '../texts'
import { AdminShell } from './AdminShell'
import { DataTable } from './DataTable'

export function Settings() {
  const settings = useQuery(settingsQuery)

  return (
    <AdminShell title={t.admin.settings}>
      {settings.isLoadingError && <Failed title={t.admin.failed} error={settings.error} onRetry={settings.refetch} />}
      {settings.isPending && <Loading />}
      {settings.data && (
        <>
          <Callout.Root mb="4" color={settings.data.license.present ? 'green' : 'gray'}>
            <Callout.Icon>
              <InfoCircledIcon />
            </Callout.Icon>
            <Callout.Text>{settings.data.license.present ? t.admin.licensed : t.admin.unlicensed}</Callout.Text>
          </Callout.Root>
          <DataTable
            label={t.admin.settings}
            rows={settings.data.settings}
            rowKey={(s) => s.name}
            columns={[
              { name: t.admin.setting, cell: (s) => <span className="td-break">{s.name}</span> },
              { name: t.admin.value, cell: (s) => <Value setting={s} /> },
              { name: t.admin.source, cell: (s) => <Badge color="gray">{t.admin.sources[s.source]}</Badge> },
            ]}
          />
        </>
      )}
    </AdminShell>
  )
}

const REGISTRATIONS = ['open', 'invite', 'closed'] as const

function Value({ setting }: { setting: Setting }) {
  const toast = useToast()
  const change = useChangeSetting()

  if (!setting.editable || !setting.name.endsWith('registration')) {
    return <span className="td-break">{setting.value === null ? t.admin.notSet : String(setting.value)}</span>
  }

  return (
    <Select.Root
      value={String(setting.value)}
      disabled={change.isPending}
      onValueChange={(registration) =>
        change.mutate({ registration }, { onError: (error) => toast({ text: errorText(error), tone: 'error' }) })
      }
    >
      <Select.Trigger aria-label={setting.name} />
      <Select.Content position="popper">
        {REGISTRATIONS.map((r) => (
          <Select.Item key={r} value={r}>
            {t.admin.registrations[r]}
          </Select.Item>
        ))}
      </Select.Content>
    </Select.Root>
  )
}
