import { Select } from '@radix-ui/themes'
import type { Role } from '../lib/types'
import { t } from '../texts'

const ROLES: Role[] = ['viewer', 'editor', 'owner']

interface Props {
  value: Role
  label: string
  onChange: (role: Role) => void
  roles?: Role[]
  size?: '2' | '3'
  disabled?: boolean
}

export function RoleSelect({ value, label, onChange, roles = ROLES, size = '2', disabled = false }: Props) {
  return (
    <Select.Root size={size} value={value} disabled={disabled} onValueChange={(role) => onChange(role as Role)}>
      <Select.Trigger variant="soft" color="gray" aria-label={label} />
      <Select.Content>
        {roles.map((role) => (
          <Select.Item key={role} value={role}>
            {t.roles[role]}
          </Select.Item>
        ))}
      </Select.Content>
    </Select.Root>
  )
}
