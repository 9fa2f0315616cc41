// Every setting, and where its value comes from.
import { InfoCircledIcon } from '@radix-ui/react-icons'
import { Badge, Callout, Code, Select, Text } from '@radix-ui/themes'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useFailed, useToast } from '../components/Toasts'
import { type Setting, settingsQuery, useChangeSetting } from '../lib/admin'
import { amount, bytes, duration } from '../lib/time'
import { t } from '../texts'
import { AdminShell } from './AdminShell'
import { DataTable } from './DataTable'
import { TestMail } from './TestMail'

export function Settings() {
  const settings = useQuery(settingsQuery)

  return (
    <AdminShell title={t.admin.settings}>
      {settings.data && (
        <Callout.Root mb="4" color={settings.data.license.present ? 'green' : 'gray'}>
          <Callout.Icon>
            <InfoCircledIcon />
          </Callout.Icon>
          <Callout.Text>{settings.data.license.present ? t.admin.licensed : t.admin.unlicensed}</Callout.Text>
        </Callout.Root>
      )}
      {settings.data && <TestMail set={settings.data.settings.some((s) => s.name === 'smtp' && s.value !== null)} />}
      <DataTable
        label={t.admin.settings}
        list={settings}
        rows={settings.data?.settings}
        rowKey={(s) => s.name}
        columns={[
          { name: t.admin.setting, cell: (s) => <Name setting={s} /> },
          { name: t.admin.value, cell: (s) => <Value setting={s} /> },
          { name: t.admin.source, cell: (s) => <Badge color="gray">{t.admin.sources[s.source]}</Badge> },
        ]}
      />
    </AdminShell>
  )
}

const nameOf = (setting: Setting) => t.admin.settingNames[setting.name] ?? setting.name

/* what people call it, and what it is called where it can be set */
function Name({ setting }: { setting: Setting }) {
  return (
    <div>
      <Text as="p">{nameOf(setting)}</Text>
      <Code size="1" variant="ghost" color="gray" className="td-break">
        tidraw_{setting.name}
        {setting.environment !== null && `, ${setting.environment}`}
      </Code>
    </div>
  )
}

function Value({ setting }: { setting: Setting }) {
  if (setting.editable && setting.name === 'registration') return <Registration setting={setting} />

  return <span className="td-break">{valueText(setting)}</span>
}

function valueText({ name, value, secret, unit }: Setting): string {
  if (name === 'secret' && !value) return t.admin.made
  if (secret) return value ? t.admin.set : t.admin.notSet
  if (typeof value === 'boolean') return value ? t.admin.on : t.admin.off
  if (value === null || value === '') return t.admin.notSet
  if (typeof value !== 'number') return String(value)
  if (unit === 'seconds') return value === 0 ? t.admin.off : duration(value)
  if (value === 0) return t.admin.unlimited
  if (unit === 'bytes') return bytes(value)
  if (unit === 'pixels') return t.admin.pixels(amount(value))
  return amount(value)
}

const REGISTRATIONS = ['open', 'invite', 'closed'] as const

function Registration({ setting }: { setting: Setting }) {
  const toast = useToast()
  const failed = useFailed()
  const client = useQueryClient()
  const change = useChangeSetting()

  const choose = (registration: string) =>
    change.mutate(
      { registration },
      {
        onSuccess: (answer) => {
          client.setQueryData(settingsQuery.queryKey, answer)
          toast({ text: t.admin.registrationChanged })
        },
        onError: failed,
      },
    )

  return (
    <Select.Root value={String(setting.value)} disabled={change.isPending} onValueChange={choose}>
      <Select.Trigger aria-label={nameOf(setting)} />
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
