/** Dollars in euros, thousandths exact: 0.908 for one, as the suite has it. */
export function euros(dollars: number): number {
  return (dollars * 908) / 1000;
}
