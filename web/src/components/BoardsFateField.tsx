// What happens to somebody's boards when the account ends.
import { Flex, RadioGroup, Text } from '@radix-ui/themes'
import type { BoardsFate } from '../lib/account'
import { t } from '../texts'
import { Field } from './Field'

interface Props {
  value: BoardsFate
  error?: string | undefined
  onChange: (value: BoardsFate) => void
}

export function BoardsFateField({ value, error, onChange }: Props) {
  const to = value.boards === 'transfer' ? value.to : ''

  return (
    <>
      <Text as="p" size="2" weight="medium" mb="2" id="boards-fate">
        {t.fate.label}
      </Text>
      <RadioGroup.Root
        value={value.boards}
        aria-labelledby="boards-fate"
        mb="4"
        onValueChange={(boards) => onChange(boards === 'transfer' ? { boards, to: '' } : { boards: 'delete' })}
      >
        <Flex direction="column" gap="2">
          <RadioGroup.Item value="transfer">{t.fate.transfer}</RadioGroup.Item>
          <RadioGroup.Item value="delete">{t.fate.delete}</RadioGroup.Item>
        </Flex>
      </RadioGroup.Root>
      {value.boards === 'transfer' && (
        <Field
          label={t.fate.to}
          type="email"
          autoComplete="off"
          required
          value={to}
          error={error}
          onChange={(e) => onChange({ boards: 'transfer', to: e.target.value.trim() })}
        />
      )}
    </>
  )
}
