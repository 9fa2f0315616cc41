import { Select } from '@radix-ui/themes'
import { useFailed } from '../components/Toasts'
import { useUpdateMe } from '../lib/account'
import { useUser } from '../lib/query'
import type { Locale } from '../lib/types'
import { LANGUAGES, t } from '../texts'

const BROWSER = '-'

export function Language() {
  const user = useUser()
  const failed = useFailed()
  const update = useUpdateMe()

  const choose = (value: string) =>
    update.mutate({ locale: value === BROWSER ? '' : (value as Locale) }, { onError: failed })

  return (
    <Select.Root size="3" value={user?.locale ?? BROWSER} disabled={update.isPending} onValueChange={choose}>
      <Select.Trigger aria-label={t.me.language} />
      <Select.Content position="popper">
        <Select.Item value={BROWSER}>{t.me.browserLanguage}</Select.Item>
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <Select.Item key={code} value={code} lang={code}>
            {name}
          </Select.Item>
        ))}
      </Select.Content>
    </Select.Root>
  )
}
